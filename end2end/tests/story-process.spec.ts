// The story on local processes and the embedded proxy: with nothing but Crossfade itself.

import { story } from "../support/story";
import { inAWorld } from "../support/test";

inAWorld(undefined, "process + embedded");
story();
