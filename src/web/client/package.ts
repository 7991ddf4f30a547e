// The entry point of the npm package: the script as a module.

import "./ticker";

export { SilkTicker } from "./element";
