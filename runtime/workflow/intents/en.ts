import type { IntentPatterns } from './intent-patterns.ts';
import { whole } from './whole.ts';

const POLITE =
  "okay|ok|yes|yeah|no|well|oh|uh|um|ah|please|thanks|thank you|sorry|i'm sorry|i am sorry|excuse me|hey|hello|hi|and|so|then|actually|alright|all right|very much|so much|for now|sir|ma'am|miss|now|just|i said|i'd like|i want|i need|i would like";
const SOMEBODY =
  '(?:a |an |the |any |your |some )?(?:real |live |actual |human |different |other )*(?:person|human|human being|agent|representative|rep|operator|receptionist|somebody|someone|anyone|anybody|manager|supervisor|staff|employee)';
const MACHINE =
  '(?:a |an |some )?(?:real |live |actual |human )*(?:person|human|human being|robot|bot|chatbot|machine|computer|computer program|ai|a i|recording|answering machine|automated \\w+)';
const EMERGENCY =
  '(?:ambulance|paramedics?|9 ?1 ?1|9 ?9 ?9|1 ?1 ?2|nine one one|nine nine nine|one one two|police|fire (?:department|brigade|service))(?! ?\\d)';

export const ENGLISH: IntentPatterns = {
  danger: [
    /\b(?:heart attack|cardiac arrest)\b/,
    /\b(?:having|had|has had|got|is it|it's|think it's) a stroke\b/,
    /\b(?:can'?t|cannot|can not|couldn'?t|not|stopped|isn'?t|trouble|difficulty|struggling to|hardly|barely) (?:even )?breath(?:e|ing)\b/,
    /\b(?:unconscious|unresponsive|passed out|won'?t wake up|not waking up|not responding)\b/,
    /\b(?:bleeding (?:to death|badly|heavily|out|a lot|everywhere)|won'?t stop bleeding|losing (?:a lot of |so much )?blood)\b/,
    /\b(?:overdos(?:e|ed|ing)|been poisoned|drank (?:bleach|poison))\b/,
    /\b(?:suicide|suicidal)\b/,
    /\b(?:kill(?:ing)?|hurt(?:ing)?|harm(?:ing)?) myself\b|\bend(?:ing)? my (?:own )?life\b|\bwant to die\b|\b(?:don'?t|do not) want to (?:live|be alive)\b/,
    /\b(?:gas leak|smell(?:s|ing)?(?: of| like)? gas|gas is leaking|leaking gas)\b/,
    /\b(?:is|'s|are|caught|house|building|kitchen|office|car|apartment|room) (?:on fire|in flames|burning down)\b/,
    /\b(?:there(?:'s| is)?|we have|i have|it's) (?:a |an )?(?:big |huge )?fire\b/,
    /^(?:(?:help|please) )*fire(?: (?:fire|help|please))*$/,
    new RegExp(`\\b(?:call|calling|dial|get|need|send|want) (?:an |the )?${EMERGENCY}(?![a-z])`),
    /\b(?:someone|somebody|he|she|they|man|guy|people|husband|wife|boyfriend) (?:has|have|with|'s got|has got) (?:a )?(?:gun|knife|weapon)\b/,
    /\b(?:being|getting|was just|just got) (?:attacked|robbed|stabbed|shot|assaulted|strangled)\b/,
    /\b(?:someone|somebody) (?:is|'s) (?:breaking in|in my house|trying to (?:kill|break in))/,
    /\b(?:chest pains?|pain in (?:my|his|her) chest|is choking|i'm choking|is drowning)\b/,
  ],
  harmless:
    /\bfire ?(?:fighters?|alarms?|extinguishers?|insurance|inspect\w*|safety|places?|escapes?|codes?|marshal|stations?|drills?|damage\w*|restoration|doors?|hydrants?|polic\w+|claims?|tv|stick|pits?|wood|works?|wall\w*|sale|protection|sprinklers?|training|stoves?|exits?|trucks?|(?:department|brigade|service)(?= (?:invoice|bill|report|inspect\w*|permit|charge|fee|contract|training|certificate)))\b|\b(?:camp|bon|cease|open|under|amazon|kindle) ?fire\b|\b(?:heart attack|stroke|suicide|overdose|gas leak|carbon monoxide|fire|smoke) (?:survivors?|prevention|risks?|insurance|awareness|education|training|rehab\w*|research|detect\w*|alarms?|tests?|testing|inspect\w*|certificates?|sensors?|checks?|grill|victims?)\b|\bpolice (?:reports?|officers?|checks?|clearance|department|records?|station)\b|\bambulance (?:bills?|invoices?|services?|compan\w+|rides?|drivers?|fees?|charges?)\b|\b(?:almost|nearly|gave me|gives me|about|just about) (?:had |have |having )?(?:a )?(?:heart attack|stroke)\b|\bstroke of luck\b|\bkill(?:ing)? myself laughing\b|\bpress (?:the )?fire\b/g,
  distant:
    /\b(?:ago|last (?:year|month|week|night|summer|winter|spring|fall|time)|yesterday|in (?:19|20)\d\d|back in|history of|previous(?:ly)?|used to|when i was|recover(?:ing|ed|y)|survived|insurance|claims?|invoices?|billing|lawyer|attorney|lawsuit|a book|article|movie|film|course|documentary|podcast|quote|estimate|prevent\w*|volunteer\w*|follow ?up|checkup|check up)\b/,
  acute: /\b(?:now|right now|help|hurry|emergency|dying|please come)\b/,
  machine: [
    /\b(?:after|at|wait for) the (?:tone|beep)\b/,
    /\bforwarded to (?:an? |the )?(?:automat\w+ )?(?:voice ?mail|voice messag\w+)/,
    /\b(?:you(?:'ve| have) reached|this is) (?:the |a )?(?:voice ?mail|mail ?box|answering machine)\b/,
    /\b(?:voice ?mail ?box|mailbox) (?:is full|of|has not|that you)/,
    /\byour call is (?:very )?important to us\b/,
    /\ball (?:of )?(?:our|the) (?:agents|representatives|operators|lines|associates) are (?:currently |still )?(?:busy|assisting)\b/,
    /\bthe (?:number|person|subscriber|customer|party) (?:that )?you (?:have |are )?(?:dialed|dialled|called|calling|trying to (?:reach|call))\b.*\b(?:is|has|cannot|not)\b/,
    /\bthis is an automated (?:message|call|notification)\b/,
    /\bif you(?:'d| would) like to make a call\b/,
  ],
  machineUnless: [
    [
      /\b(?:this|your) (?:phone )?call (?:may|will|might|is being|could) (?:be )?(?:recorded|monitored)\b/,
      /\bpress (?:1|2|3|4|5|0|9|one|two|three|four|five|nine|zero|star|pound|the (?:star|pound|hash)|any)\b.*\b(?:to|for|now)\b/,
      /\b(?:for|to) .{2,60}\bpress (?:1|2|3|4|5|0|9|one|two|three|four|five|nine|zero|star|pound|the (?:star|pound|hash))\b/,
      /\bplease (?:stay on the line|hold|remain on the line)\b.*\b(?:next|available|representative|agent|operator)\b/,
    ],
    /\b(?:i|i'm|i've|i'd|am i|do i|my)\b/,
  ],
  person: [
    new RegExp(`\\b(?:speak|talk|chat|speaking|talking) (?:to|with) ${SOMEBODY}\\b`),
    /\b(?:connect|transfer|patch) me\b|\bput me (?:through|on with)\b/,
    /\b(?:real|live|actual) (?:person|human|agent|human being)\b/,
    new RegExp(
      `\\b(?:get|give|want|need) (?:me )?${SOMEBODY.replace('somebody|someone|anyone|anybody|', '')}(?: please| now|$)`,
    ),
    /\b(?:don'?t|do not) want to (?:talk|speak) (?:to|with) (?:a |an |this )?(?:machine|robot|bot|computer|ai)\b/,
    /\bis (?:there )?(?:a |any ?)?(?:person|human|someone|somebody|anyone|anybody|one) (?:there|available|around|(?:that )?i can (?:talk|speak))/,
    whole(
      'operator|agent|representative|human|human being|person|a (?:human|person|representative|live agent)|an? (?:operator|agent)|the operator|customer service|receptionist|reception|somebody real|someone real',
      POLITE,
    ),
  ],
  personUnless:
    /\b(?:spoke|talked|was (?:talking|speaking)|yesterday|i(?:'m| am) an? (?:real|live|actual|human))\b/,
  robot: [
    new RegExp(`\\b(?:are|r) you (?:really |even |just )?(?:${MACHINE}|real|human|automated)\\b`),
    new RegExp(`\\bam i (?:talking|speaking) (?:to|with) ${MACHINE}\\b`),
    new RegExp(
      `\\bis (?:this|that|it) (?:just )?${MACHINE}(?: (?:i'm|i am) (?:talking|speaking) (?:to|with))?$`,
    ),
  ],
  goodbye: whole(
    "good ?bye|bye|bye bye|see you(?: later| then)?|have a (?:good|nice|great) (?:day|one|evening|night|weekend)|never ?mind|forget (?:it|about it|that)|(?:i have to|i gotta|i've got to|gotta|i need to) go|(?:i (?:have|dialed|called|got) the )?wrong number|i(?:'ll| will) (?:call|try)(?: you)? (?:back|again)(?: later)?|i(?:'m| am) hanging up|that's all goodbye",
    POLITE,
  ),
  repeat: whole(
    "pardon(?: me)?|i beg your pardon|come again|what|huh|sorry|excuse me|say (?:that|it) again|(?:can|could|would|will) you (?:please )?(?:repeat|say) (?:that|it|the question|yourself)(?: (?:again|one more time|once more))?|repeat(?: (?:that|it|the question|yourself))?|one more time|once more|what (?:did you say|was that|was the question|do you mean|did you ask)|i (?:didn'?t|did not|couldn'?t|can'?t|cannot|don'?t) (?:hear|catch|get|understand)(?: (?:that|it|you|what you said|the question))?|say what|(?:can|do) you hear me(?: now)?|(?:are )?you (?:still )?there",
    POLITE,
  ),
  wait: whole(
    "wait(?: a (?:moment|second|sec|minute))?|hold on(?: a (?:moment|second|sec|minute))?|hang on(?: a (?:moment|second|sec|minute))?|hold up|hold the line|a (?:moment|second|sec|minute)|one (?:moment|second|sec|minute)|give me a (?:moment|second|sec|minute)|let me (?:see|think|check|look|find (?:it|that)|get (?:it|that|my \\w+)|look (?:it|that) up|grab (?:it|my \\w+))|i need a (?:moment|second|minute)|bear with me|i(?:'ll| will) be right back",
    POLITE,
  ),
  question:
    /^(?:(?:and|so|well|um|uh|yes|yeah|okay|ok|hi|hello|actually|but|sorry|before that|first) )*(?:what(?!ever| about)|what's|when|when's|where|where's|who|who's|why|how(?! about)|which|are (?:you|there|your|they)|is (?:there|it|your|the|parking)|do (?:you|i|we|they)|does|did you|have you|(?:can|could) you tell me|i (?:have|had|got) a question|i(?:'d| would) like to know|i want(?:ed)? to (?:know|ask)|tell me|i was wondering|i'm wondering)\b/,
  request:
    /^(?:(?:and|so|well|um|uh|okay|ok|hi|hello|but|sorry) )*(?:can|could|would|may|will|what about|how about) (?:i|you|we|it|there|someone)\b/,
  hours:
    /\b(?:open(?:ing)?|clos(?:e|ed|ing)|(?:business|office|working|your|the|store|shop) hours|hours (?:of|are)|what hours|holidays?)\b/,
  correction: {
    marker:
      /^(?:(?:oh|uh|um|and|but|yes|no|please) )*(?:actually|wait|sorry|i'm sorry|correction|hold on|my mistake|i made a mistake|i meant|no|scratch that|let me correct|can (?:i|you) (?:change|correct)|could (?:i|you) (?:change|correct)|please (?:change|correct)|change|correct)\b/,
    wrong:
      /\b(?:was|is|were|that's) (?:wrong|incorrect|not (?:right|correct))\b|\bwrong (?=\w+)|\bmade a mistake\b/,
    fields: {
      Name: /\b(?:my|the|that|last|first)? ?name\b/,
      Phone:
        /\b(?:my|the|that|phone|telephone|cell|callback) ?(?:phone |telephone |cell )?(?:number|phone)\b/,
      Email: /\be ?-?mail(?: address)?\b/,
      Date: /\b(?:my|the|that) (?:date|day)\b/,
      Time: /\b(?:my|the|that) time\b/,
    },
  },
};
