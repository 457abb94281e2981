import type { IntentPatterns } from './intent-patterns.ts';
import { whole } from './whole.ts';

const POLITE =
  "d'accord|oui|non|bon|alors|euh|ah|oh|s'il vous plait|s'il te plait|merci|merci beaucoup|pardon|excusez moi|desole|bonjour|et|monsieur|madame|maintenant|je veux|je voudrais|j'aimerais";
const SOMEBODY =
  "(?:a |avec )?(?:un |une |l'|la |le |quelqu'un|)?(?:vraie? |autre )?(?:personne|humain|etre humain|agent|operateur|operatrice|conseiller|conseillere|responsable|standardiste|receptionniste|secretaire|quelqu'un|humaine)";
const MACHINE =
  '(?:un |une )?(?:vraie? )?(?:personne|humain|humaine|robot|bot|machine|ordinateur|intelligence artificielle|ia|enregistrement|repondeur)';

export const FRENCH: IntentPatterns = {
  danger: [
    /\b(?:crise cardiaque|infarctus|arret cardiaque|(?:fait|fais|faire) un avc)\b/,
    /\b(?:peux|peut|arrive|arrivons) (?:plus |pas )?(?:a |plus a |pas a )?respirer\b|\bne respire (?:plus|pas)\b|\bs'etouffe\b/,
    /\b(?:inconsciente?|perdu connaissance|ne se reveille pas|ne repond plus)\b/,
    /\b(?:saigne (?:beaucoup|enormement)|hemorragie|perd beaucoup de sang)\b/,
    /\b(?:overdose|empoisonnee?|avale (?:de la javel|du poison))\b/,
    /\b(?:suicid\w+|me tuer|mettre fin a mes jours|envie de mourir|veux mourir|ne veux plus vivre)\b/,
    /\b(?:fuite de gaz|sent le gaz|odeur de gaz)\b/,
    /\b(?:il y a (?:le feu|un incendie|un feu)|(?:est |a pris )(?:en )?feu|est en flammes|brule(?= (?:maintenant|aidez)))\b/,
    /^(?:(?:au secours|a l'aide) )*(?:au feu|le feu|incendie)(?: (?:au feu|au secours|a l'aide))*$/,
    /\b(?:appelez|appeler|envoyez|besoin d'une|besoin de la|besoin des|il (?:me )?faut) (?:une |la |les |l')?(?:ambulance|police|pompiers|samu|15|112|18)(?! ?\d)\b/,
    /\b(?:a|avec) une? (?:arme|pistolet|couteau|fusil)\b/,
    /\b(?:on (?:m'|nous |me )(?:attaque|agresse|poignarde)|je me fais (?:agresser|attaquer))\b/,
    /\bdouleurs? (?:dans|a) la poitrine\b/,
  ],
  harmless:
    /\b(?:assurance|alarme|extincteurs?|porte|detecteurs?|exercice|facture|inspection|controle|certificat|prevention|securite)(?: d'| de| du| des| contre| anti)? ?(?:la |le |les |l')?(?:incendies?|feu|fuites? de gaz|suicides?|infarctus|pompiers|ambulance|police)\b|\b(?:failli|presque) (?:faire|avoir|fait) une crise cardiaque\b|\bpolice d'assurance\b/g,
  distant:
    /\b(?:il y a (?:un|une|deux|trois|\d+|quelques|longtemps)(?= (?:an|ans|mois|semaines?|jours?|annees?|temps))|l'an(?:nee)? derniere?|le mois dernier|la semaine derniere|hier|en (?:19|20)\d\d|assurance|facture|avocate?|livre|film|formation|devis|prevention)\b/,
  acute: /\b(?:maintenant|tout de suite|a l'aide|au secours|vite|urgence|urgent)\b/,
  machine: [
    /\b(?:apres|au) (?:le )?(?:bip|signal)(?: sonore)?\b/,
    /\b(?:messagerie vocale|boite vocale|repondeur (?:de|du))\b/,
    /\bvotre appel est (?:tres )?important pour nous\b/,
    /\btous nos (?:conseillers|operateurs|agents) sont\b/,
    /\ble numero que vous (?:avez )?(?:compose|demande|demandez)\b/,
    /\bceci est un message automatique\b/,
  ],
  machineUnless: [
    [
      /\b(?:cet|votre) appel (?:peut|pourra|va|est|sera|est susceptible d')(?: etre)? ?(?:enregistre|ecoute)\b/,
      /\b(?:tapez|appuyez sur|composez) (?:le |la touche )?(?:1|2|3|4|0|un|deux|trois|quatre|zero|etoile|diese)\b.*\b(?:pour|si)\b/,
      /\bpour .{2,60}\b(?:tapez|appuyez sur|composez) (?:le |la touche )?(?:1|2|3|4|0|un|deux|trois|quatre|zero)\b/,
    ],
    /\b(?:je|j'ai|mon|ma|moi)\b/,
  ],
  person: [
    new RegExp(`\\bparler (?:a |avec )?${SOMEBODY}\\b`),
    /\b(?:passez moi|mettez moi en (?:relation|contact)|transferez moi|connectez moi)\b/,
    /\b(?:vraie personne|etre humain|vrai humain)\b/,
    /\b(?:pas|plus) parler (?:a |avec )(?:une |un |cette )?(?:machine|robot|bot|ordinateur)\b/,
    whole(
      "operateur|operatrice|agent|conseiller|humain|une personne|un (?:humain|conseiller|agent|operateur)|quelqu'un|service client|accueil|la reception|standard",
      POLITE,
    ),
  ],
  personUnless: /\b(?:j'ai (?:deja )?parle|hier|je suis une (?:vraie )?personne)\b/,
  robot: [
    new RegExp(`\\b(?:etes vous|vous etes|es tu|tu es) ${MACHINE}\\b`),
    new RegExp(`\\b(?:je parle|est ce que je parle) (?:a|avec) ${MACHINE}\\b`),
    new RegExp(`\\b(?:c'est|est ce) ${MACHINE}$`),
  ],
  goodbye: whole(
    "au revoir|salut|a bientot|bonne journee|bonne soiree|laissez tomber|laisse tomber|tant pis|oubliez|ce n'est pas grave|je dois (?:y aller|raccrocher)|(?:je me suis )?trompee? de numero|mauvais numero|je rappellerai(?: plus tard)?",
    POLITE,
  ),
  repeat: whole(
    "pardon|comment|quoi|hein|excusez moi|(?:pouvez|pourriez) vous repeter(?: la question)?|vous pouvez repeter|repetez|repete|encore une fois|qu'avez vous dit|qu'est ce que vous (?:avez dit|dites)|je n'ai pas (?:compris|entendu)(?: la question)?|je ne (?:comprends|vous entends) pas|(?:est ce que )?vous m'entendez|vous etes (?:toujours )?la",
    POLITE,
  ),
  wait: whole(
    'attendez|attends|un instant|un moment|une minute|une seconde|deux secondes|attendez (?:un instant|une minute|une seconde)|ne quittez pas|patientez|laissez moi (?:voir|regarder|chercher|reflechir)|je (?:regarde|cherche|reviens)|donnez moi (?:un instant|une minute|une seconde)',
    POLITE,
  ),
  question:
    /^(?:(?:et|alors|bon|euh|oui|bonjour|mais|pardon|d'abord) )*(?:que|qu'est ce|quel|quelle|quels|quelles|quand|ou|qui|pourquoi|comment|combien|a quelle|est ce que vous|avez vous|vous avez|y a t il|il y a|etes vous|vous etes (?:ouvert|ferme)|faites vous|j'ai une question|je voudrais savoir|j'aimerais savoir|pouvez vous me dire|dites moi)\b/,
  request:
    /^(?:(?:et|alors|bon|euh|bonjour|mais) )*(?:puis je|peut on|pouvons nous|pourrions nous|pouvez vous|est ce que je|est ce qu'on|que diriez vous)\b/,
  hours:
    /\b(?:ouvr(?:ez|e|ir)|ouvert(?:e|s|es)?|ferm(?:ez|e|es|ee|ees|er)|horaires?|ouverture|jours? feries?)\b/,
  correction: {
    marker:
      /^(?:(?:oh|ah|euh|et|mais|oui|non) )*(?:en fait|attendez|pardon|excusez moi|correction|je me suis trompee?|je voulais dire|non|changez|corrigez|pouvez vous (?:changer|corriger))\b/,
    wrong:
      /\b(?:etait|est) (?:faux|fausse|incorrecte?|errone|pas (?:bon|bonne|correct|juste))\b|\bje me suis trompee?\b/,
    fields: {
      Name: /\b(?:nom|je m'appelle|prenom)\b/,
      Phone: /\b(?:numero|telephone|portable)\b/,
      Email: /\b(?:e-?mail|mail|courriel)\b/,
      Date: /\b(?:la date|le jour)\b/,
      Time: /\bl'heure\b/,
    },
  },
};
