/** Suggested replies. They are not translated: the bot understands Korean. */

/** For a new conversation. */
export const OPENERS = ["뭐부터 하면 좋을까?", "회사에서 할 만한 거", "돈 안 드는 거 추천해줘"];

/** After an answer: `category` is the present one's key, `turns` their number. */
export function repliesTo({ kind, challenges }, category, categories, turns) {
  const others = categories.filter(({ key }) => key !== category);
  const change = others.length ? [changeTo(others[turns % others.length].label)] : [];
  if (kind === "help") return []; // the call is the only button
  if (kind === "smalltalk" || kind === "declined") return ["추천해 줘", "쉬운 것부터 알려줘", ...change];
  const detail = challenges.length ? [`${1 + (turns % challenges.length)}번 자세히`] : [];
  return ["다른 거 없어?", ...detail, "더 쉬운 거", ...change];
}

/** With 으로, or with 로 after a vowel and ㄹ. */
function changeTo(label) {
  const final = (label.charCodeAt(label.length - 1) - 0xac00) % 28;
  return `${label}${final > 0 && final !== 8 ? "으로" : "로"} 바꿔줘`;
}
