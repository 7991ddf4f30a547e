// What /chart.js takes from /ticker.js: the words, the figures and the connections of a page exist once, and the chart costs
// its own code alone. The build reads these names and fails where the chart uses another.

export { adoptProperties, reflectAttributes } from "./attributes";
export { retryDelay } from "./backoff";
export { baseOf } from "./base";
export { check, choose, writingOf } from "./check";
export { minus, trimmed } from "./decimal";
export { entryLike, entryOf, moveBetween } from "./figures";
export { hubOf } from "./hub";
export { DASH, bank, dateText, format, localeOf, numberText, percentText, translate } from "./locale";
export { blank, placeholder } from "./placeholder";
export { GAP, Popup } from "./popup";
export { HttpError } from "./refusal";
export { fetchJson, sleep } from "./request";
export { stepOf } from "./roving";
export { applyStyle } from "./sheet";
export { theme } from "./theme";
export { attributions, content, details, make, shownEntry, valueText } from "./view";
