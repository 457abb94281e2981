import type { IntentPatterns } from './intent-patterns.ts';
import { whole } from './whole.ts';

const POLITE =
  'vale|si|no|bueno|pues|eh|ah|oh|por favor|gracias|muchas gracias|perdon|perdone|disculpe|hola|y|entonces|senor|senora|ahora|quiero|quisiera|necesito';
const SOMEBODY =
  '(?:un |una |el |la |algun |alguna |otra )?(?:persona(?: real| de verdad| humana)?|humano|ser humano|agente|operador|operadora|representante|recepcionista|alguien|encargado|encargada|responsable|gerente)';
const MACHINE =
  '(?:un |una )?(?:persona(?: real| de verdad)?|humano|humana|robot|bot|maquina|ordenador|computadora|inteligencia artificial|ia|grabacion|contestador)';

export const SPANISH: IntentPatterns = {
  danger: [
    /\b(?:infarto|ataque al corazon|paro cardiaco|derrame cerebral)\b/,
    /\bno (?:puedo|puede|logra|podemos) respirar\b|\bno respira\b|\bse (?:esta )?(?:ahoga|ahogando|asfixia)\w*\b/,
    /\b(?:inconsciente|perdio el conocimiento|no (?:se )?despierta|no responde)\b/,
    /\b(?:(?:se (?:esta )?desangra\w*)|sangra(?:ndo)? mucho|pierde mucha sangre)\b/,
    /\b(?:sobredosis|envenenad[oa]|se ha tomado (?:lejia|veneno))\b/,
    /\b(?:suicid\w+|matarme|quitarme la vida|quiero morir(?:me)?|no quiero vivir)\b/,
    /\b(?:fuga de gas|escape de gas|huele a gas|huelo gas)\b/,
    /\b(?:hay (?:un )?(?:fuego|incendio)|se (?:esta )?quema(?:ndo)?|esta ardiendo|en llamas)\b/,
    /^(?:(?:socorro|ayuda) )*(?:fuego|incendio)(?: (?:fuego|socorro|ayuda))*$/,
    /\b(?:llame|llamen|llama|necesito|manden|envien) (?:a )?(?:una |la |los |al )?(?:ambulancia|policia|bomberos|112|911|uno uno dos|nueve uno uno)(?! ?\d)\b/,
    /\b(?:tiene|lleva) (?:un |una )?(?:pistola|cuchillo|arma|navaja)\b/,
    /\b(?:me|nos|le) (?:estan )?(?:atacando|robando|apunalando|asaltando)\b/,
    /\bdolor (?:fuerte )?en el pecho\b/,
  ],
  harmless:
    /\b(?:seguro|alarma|extintor(?:es)?|puerta|detector(?:es)?|simulacro|factura|inspeccion|revision|certificado|prevencion)(?: de| del| contra)?(?: la| las| los| el)? ?(?:incendios?|fuego|fugas? de gas|suicidios?|infartos?|bomberos|ambulancia|policia)\b|\bcasi me da un infarto\b/g,
  distant:
    /\b(?:hace (?:un|una|dos|tres|\d+|unos|unas|varios|muchos)|el (?:ano|mes) pasado|la semana pasada|ayer|en (?:19|20)\d\d|seguro|factura|abogad[oa]|libro|pelicula|curso|presupuesto|prevencion|revision)\b/,
  acute: /\b(?:ahora(?: mismo)?|ayuda|socorro|rapido|emergencia|urgente)\b/,
  machine: [
    /\b(?:despues de|tras|al oir) (?:la senal|el tono|oir la senal|escuchar (?:la senal|el tono))\b/,
    /\bbuzon de voz\b/,
    /\bsu llamada es (?:muy )?importante para nosotros\b/,
    /\btodos nuestros (?:agentes|operadores|asesores) (?:estan|se encuentran)\b/,
    /\bel (?:numero|telefono) (?:que usted )?(?:marcado|al que llama|que ha marcado)\b/,
    /\beste es un mensaje automatico\b/,
  ],
  machineUnless: [
    [
      /\b(?:esta|su) llamada (?:puede|podria|va a|sera|esta siendo) (?:ser )?(?:grabada|monitorizada)\b/,
      /\b(?:pulse|marque|oprima) (?:el )?(?:1|2|3|4|0|uno|dos|tres|cuatro|cero|asterisco|almohadilla)\b.*\b(?:para|si)\b/,
      /\bpara .{2,60}\b(?:pulse|marque|oprima) (?:el )?(?:1|2|3|4|0|uno|dos|tres|cuatro|cero)\b/,
    ],
    /\b(?:yo|mi|tengo|puedo|quiero)\b/,
  ],
  person: [
    new RegExp(`\\bhablar con ${SOMEBODY}\\b`),
    /\b(?:paseme|pasame|comuniqueme|conecteme|transfierame|ponme con|pongame con)\b/,
    /\b(?:persona (?:real|de verdad|humana)|ser humano)\b/,
    /\bno quiero hablar con (?:una |un |esta )?(?:maquina|robot|bot|ordenador|grabacion)\b/,
    whole(
      'operador|operadora|agente|representante|humano|persona|una persona|un (?:humano|agente|operador)|una operadora|atencion al cliente|recepcion|recepcionista',
      POLITE,
    ),
  ],
  personUnless: /\b(?:hable|hablaba|ayer|soy una persona)\b/,
  robot: [
    new RegExp(`\\b(?:es usted|eres|usted es|tu eres|sois) ${MACHINE}\\b`),
    new RegExp(`\\b(?:estoy hablando|hablo) con ${MACHINE}\\b`),
    new RegExp(`\\besto es ${MACHINE}$`),
  ],
  goodbye: whole(
    'adios|hasta luego|hasta pronto|chao|chau|da igual|dejelo|dejalo|olvidelo|olvidalo|no importa|tengo que (?:irme|colgar)|(?:me he|me) equivocado(?: de numero)?|numero equivocado|ya llamare(?: mas tarde)?|que tenga (?:un )?buen dia',
    POLITE,
  ),
  repeat: whole(
    'como|como dice|que|que ha dicho|perdon|perdone|disculpe|(?:puede|podria|me lo puede) (?:repetir(?:lo)?|decirlo otra vez)|repita(?:lo)?|repite|otra vez|no (?:le |lo |te )?(?:he )?(?:entendido|entiendo|oido|oigo|escuche|escucho)(?: bien)?|me (?:oye|oyen|oyes|escucha|escuchan)|(?:esta|sigue) (?:usted )?ahi',
    POLITE,
  ),
  wait: whole(
    'espere|espera|un momento|un momentito|un segundo|un minuto|espere un (?:momento|segundo|minuto)|espera un (?:momento|segundo|minuto)|no cuelgue|deme un (?:momento|segundo|minuto)|dejeme (?:ver|mirar|pensar|buscar(?:lo)?)|a ver|ahora vuelvo',
    POLITE,
  ),
  question:
    /^(?:(?:y|pues|bueno|eh|si|hola|pero|perdon|antes|oiga|una pregunta) )*(?:que(?! tal)|cuando|donde|quien|por que|como|cual|cuales|cuanto|cuanta|cuantos|a que|tienen|tiene|hay|estan|esta abierto|aceptan|ofrecen|hacen|tengo una pregunta|quisiera saber|queria saber|quiero saber|me puede decir|puede decirme|digame)\b/,
  request: /^(?:(?:y|pues|bueno|eh|hola|pero) )*(?:puedo|puede|podemos|podria|podriamos|podrian|que tal)\b/,
  hours: /\b(?:abr(?:e|en|ir|is)|abiert[oa]s?|cierr(?:a|an)|cerrad[oa]s?|horarios?|apertura|festivos?)\b/,
  correction: {
    marker:
      /^(?:(?:oh|ah|eh|y|pero|si|no|por favor) )*(?:en realidad|espere|espera|perdon|perdone|disculpe|correccion|me he equivocado|me equivoque|queria decir|quise decir|no|puede cambiar|cambie|corrija)\b/,
    wrong:
      /\b(?:estaba|esta|era|es) (?:mal|equivocad[oa]|incorrect[oa])\b|\bme he equivocado\b|\bno (?:es|era) correct[oa]\b/,
    fields: {
      Name: /\b(?:nombre|me llamo|apellido)\b/,
      Phone: /\b(?:numero|telefono|movil|celular)\b/,
      Email: /\b(?:correo|e-?mail)\b/,
      Date: /\b(?:fecha|el dia)\b/,
      Time: /\b(?:la hora)\b/,
    },
  },
};
