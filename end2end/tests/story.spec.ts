// The story on Docker and nginx.

import { story } from "../support/story";
import { inAWorld } from "../support/test";

inAWorld();
story();
