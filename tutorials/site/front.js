// Says which of the three servers this page came from.

import { sign, stats } from "/_/model.js";

stats().then(sign).catch(console.error);
