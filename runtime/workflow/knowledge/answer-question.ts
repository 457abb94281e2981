import type { TenantProfile } from '#crds/projection/tenant-profile.ts';
import type { AnswerContext } from '../answers/answer-context.ts';
import { dateIn } from '../answers/date.ts';
import { dayText, hoursText } from '../hours/hours-text.ts';
import { isHoursQuestion } from '../intents/questions.ts';
import { findArticle } from './find-article.ts';

/** More would be a lecture; the rest is for whoever calls back. */
const MAX_SPOKEN_CHARACTERS = 400;

/**
 * What is known about a question without a language model: the hours of the company, or the article of its
 * knowledge that is about it. Undefined where nothing is.
 */
export function answerQuestion(
  question: string,
  profile: Pick<TenantProfile, 'knowledge' | 'businessHours'>,
  context: AnswerContext,
): string | undefined {
  const { language, locale, nowMs, timeZone } = context;
  if (profile.businessHours && isHoursQuestion(question, language)) {
    const hours = { hours: profile.businessHours, nowMs, timeZone, locale };
    const day = dateIn(question, context);
    return day === undefined ? hoursText(hours) : dayText(day, hours);
  }
  const article = findArticle(question, profile.knowledge, language);
  return article && spoken(article.text);
}

/** Whole sentences, the first ones. */
function spoken(text: string): string {
  if (text.length <= MAX_SPOKEN_CHARACTERS) return text;
  const sentences = text.split(/(?<=[.!?])\s+/);
  let said = '';
  for (const sentence of sentences) {
    if (said !== '' && said.length + sentence.length >= MAX_SPOKEN_CHARACTERS) break;
    said = `${said} ${sentence}`.trim();
  }
  return said.slice(0, 2 * MAX_SPOKEN_CHARACTERS);
}
