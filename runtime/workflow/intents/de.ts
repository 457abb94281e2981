import type { IntentPatterns } from './intent-patterns.ts';
import { whole } from './whole.ts';

const POLITE =
  'okay|ok|ja|nein|gut|also|ah|ahm|oh|bitte|danke|vielen dank|danke schon|entschuldigung|entschuldigen sie|hallo|und|dann|jetzt|ich mochte|ich will|ich brauche';
const SOMEBODY =
  '(?:einem |einer |einen |ein |eine |dem |der |den |irgend)?(?:echten |echter |anderen |richtigen |lebenden )?(?:menschen|mensch|person|mitarbeiter|mitarbeiterin|kollegen|kollegin|berater|beraterin|jemandem|jemanden|jemand|chef|chefin|operator|zentrale|ansprechpartner)';
const MACHINE =
  '(?:ein |eine |einem |einer )?(?:echter |echten |richtiger |richtigen )?(?:mensch|menschen|person|roboter|bot|maschine|computer|ki|kunstliche intelligenz|band|anrufbeantworter|automat|automaten)';

export const GERMAN: IntentPatterns = {
  danger: [
    /\b(?:herzinfarkt|herzstillstand|schlaganfall)\b/,
    /\b(?:kann|bekomme|bekommt|kriege|kriegt) (?:nicht(?: mehr| richtig)? (?:atmen|luft)|keine luft(?: mehr)?)\b|\batmet nicht(?: mehr)?\b|\b(?:erstickt|erstickt gerade)\b/,
    /\b(?:bewusstlos|ohnmachtig|nicht ansprechbar|wacht nicht auf)\b/,
    /\b(?:verblutet?|blutet (?:stark|sehr|heftig)|verliert viel blut)\b/,
    /\b(?:uberdosis|vergiftet|gift getrunken)\b/,
    /\b(?:selbstmord|suizid\w*|mich (?:selbst )?(?:umbringen|toten)|das leben nehmen|nicht mehr leben|will sterben)\b/,
    /\b(?:gasleck|riecht (?:hier )?(?:nach|stark nach) gas|gas tritt aus|gasgeruch)\b/,
    /\b(?:es brennt|(?:haus|wohnung|kuche|auto|dach|zimmer) brennt|brennt (?:bei uns|das haus|die wohnung|es))\b/,
    /^(?:(?:hilfe|bitte) )*(?:feuer|es brennt)(?: (?:feuer|hilfe))*$/,
    /\b(?:rufen sie|rufe|brauche|brauchen|schicken sie) (?:bitte |sofort |einen |die |den )*(?:krankenwagen|notarzt|rettungswagen|polizei|feuerwehr|112|110)(?! ?\d)\b/,
    /\b(?:hat|mit) (?:ein |einer |einem |eine )?(?:pistole|messer|waffe)\b/,
    /\b(?:werde|werden) (?:gerade )?(?:angegriffen|uberfallen|bedroht|verprugelt)\b/,
    /\bschmerzen in der brust\b|\bbrustschmerzen\b/,
  ],
  harmless:
    /\b(?:feuer(?:versicherung|loscher|alarm|schutz|werk|zeug)|brand(?:schutz|versicherung|schaden)|rechnung (?:von |der |des |vom )*(?:feuerwehr|krankenwagens?|polizei)|(?:feuerwehr|krankenwagen|polizei) ?(?:rechnung|bericht|ubung)|herzinfarkt ?(?:vorsorge|risiko|nachsorge)|schlaganfall ?(?:vorsorge|nachsorge|risiko)|(?:gasleck|suizid) ?(?:prufung|pravention|melder)|(?:fast|beinahe) einen herzinfarkt)\b/g,
  distant:
    /\b(?:vor (?:einem|einer|zwei|drei|\d+|einigen|vielen|langer)(?= (?:jahr|jahren|monat|monaten|woche|wochen|tagen|zeit))|letzte[ns]? (?:jahr|monat|woche|nacht|sommer|winter)|gestern|(?:19|20)\d\d|versicherung|rechnung|anwalt|anwaltin|buch|film|kurs|angebot|vorsorge|nachsorge|reha)\b/,
  acute: /\b(?:jetzt|sofort|gerade|hilfe|schnell|notfall|dringend)\b/,
  machine: [
    /\bnach dem (?:signal|piep|ton|signalton|piepton)\b/,
    /\b(?:mailbox von|mailbox des|anrufbeantworter von|voicemail)\b/,
    /\bihr anruf ist uns (?:sehr )?wichtig\b/,
    /\balle (?:unsere )?(?:mitarbeiter|leitungen|platze|berater) (?:sind|befinden)\b/,
    /\b(?:die|der) (?:gewahlte|von ihnen gewahlte|gewunschte) (?:rufnummer|nummer|teilnehmer|gesprachspartner)\b/,
    /\bdies ist eine automatische (?:ansage|nachricht)\b/,
  ],
  machineUnless: [
    [
      /\b(?:dieses|das|ihr) (?:gesprach|anruf) (?:kann|wird|konnte) .{0,40}\b(?:aufgezeichnet|mitgehort|aufgenommen)\b/,
      /\bdrucken sie (?:die )?(?:1|2|3|4|0|eins|zwei|drei|vier|null|raute|stern|sterntaste|rautetaste)\b/,
      /\bfur .{2,60}\bdrucken sie\b/,
    ],
    /\b(?:ich|mein|meine|mich)\b/,
  ],
  person: [
    new RegExp(`\\bmit ${SOMEBODY}\\b.{0,20}\\b(?:sprechen|reden)\\b`),
    new RegExp(`\\b(?:sprechen|reden) (?:\\w+ )?mit ${SOMEBODY}\\b`),
    /\b(?:verbinden sie mich|stellen sie mich durch|durchstellen)\b/,
    /\b(?:echten|echter|richtigen|richtiger) (?:menschen|mensch|person)\b/,
    /\bnicht mit (?:einer |einem |dieser )?(?:maschine|roboter|bot|computer|automaten) (?:reden|sprechen)\b/,
    whole(
      'mensch|mitarbeiter|mitarbeiterin|operator|zentrale|einen menschen|ein mensch|einen mitarbeiter|kundenservice|empfang',
      POLITE,
    ),
  ],
  personUnless:
    /\b(?:habe (?:ich )?(?:schon )?(?:mit|gestern)|gestern|gesprochen|ich bin ein (?:echter )?mensch)\b/,
  robot: [
    new RegExp(`\\b(?:sind sie|bist du) (?:denn |wirklich |etwa )?(?:${MACHINE}|echt)\\b`),
    new RegExp(`\\b(?:spreche|rede) ich (?:hier |gerade )?mit ${MACHINE}\\b`),
    new RegExp(`\\bist das ${MACHINE}$`),
  ],
  goodbye: whole(
    'auf wiederhoren|auf wiedersehen|tschuss|tschau|ciao|bis dann|bis bald|egal|vergessen sie es|vergiss es|schon gut|hat sich erledigt|ich muss (?:los|auflegen)|(?:ich habe mich |mich )?verwahlt|falsche nummer|falsch verbunden|ich rufe (?:spater )?(?:noch ?mal|wieder) an|schonen tag(?: noch)?',
    POLITE,
  ),
  repeat: whole(
    'wie bitte|was|wie|bitte|hm|entschuldigung|(?:konnen|konnten) sie das (?:bitte )?(?:wiederholen|noch ?mal sagen)|wiederholen(?: sie)?(?: (?:das|bitte))*|noch ?mal|noch einmal|was haben sie gesagt|ich habe (?:das|sie) nicht (?:verstanden|gehort)|(?:das )?habe ich nicht (?:verstanden|gehort)|ich verstehe (?:sie )?nicht|konnen sie mich horen|horen sie mich|sind sie (?:noch )?da',
    POLITE,
  ),
  wait: whole(
    'warten sie(?: kurz| mal)?|warte(?: mal)?|moment(?: mal)?|einen moment|einen augenblick|augenblick|eine sekunde|eine minute|kleinen moment|bleiben sie dran|ich (?:schaue|sehe|suche)(?: kurz| mal)* nach|ich bin gleich (?:wieder da|zuruck)|lassen sie mich (?:kurz )?(?:nachsehen|nachdenken|schauen|suchen)',
    POLITE,
  ),
  question:
    /^(?:(?:und|also|ahm|ja|hallo|aber|entschuldigung|erst) )*(?:was|wann|wo|wer|warum|wieso|wie(?! ware)|welche[rsnm]?|wieviel|haben sie|gibt es|sind sie|bieten sie|machen sie|ist (?:es|das|ihr|der|die|heute|morgen)|ich (?:habe|hatte) (?:eine|mal eine|noch eine) frage|ich (?:wollte|mochte|wurde gerne?) wissen|konnen sie mir sagen|sagen sie mir)\b/,
  request:
    /^(?:(?:und|also|ahm|hallo|aber) )*(?:kann ich|konnen (?:sie|wir)|konnten (?:sie|wir)|ginge|geht|wie ware|darf ich)\b/,
  hours:
    /\b(?:offen|geoffnet|offnen|auf|offnungszeiten|geschlossen|schliessen|zu|sprechzeiten|geschaftszeiten|feiertage?n?)\b/,
  correction: {
    marker:
      /^(?:(?:oh|ah|ahm|und|aber|ja|nein) )*(?:eigentlich|moment|warten sie|warte|entschuldigung|korrektur|ich habe mich (?:geirrt|versprochen)|ich meinte|nein|andern sie|konnen sie .{0,10}andern|doch)\b/,
    wrong: /\b(?:war|ist|stimmt) (?:falsch|nicht(?: richtig)?|verkehrt)\b|\bfalsche?[nrs]? (?=\w+)/,
    fields: {
      Name: /\b(?:name|namen|ich heisse|nachname|vorname)\b/,
      Phone: /\b(?:nummer|telefonnummer|rufnummer|handynummer)\b/,
      Email: /\b(?:e-?mail|mail)(?:-?adresse)?\b/,
      Date: /\b(?:das datum|der tag|den tag)\b/,
      Time: /\b(?:die uhrzeit|die zeit)\b/,
    },
  },
};
