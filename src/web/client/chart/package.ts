// The entry point of the chart in the npm package: a module that shares those of the ticker.

import { define } from "./define";

export { SilkChart } from "./element";

define(undefined);
