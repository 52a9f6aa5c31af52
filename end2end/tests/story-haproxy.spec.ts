// The story on Docker and HAProxy.

import { story } from "../support/story";
import { inAWorld } from "../support/test";

inAWorld(undefined, "docker + haproxy");
// Shares are drawn, not dealt: at 5,000 requests they stray by 0.7 points on average. How exact they are, the engine's own
// tests measure.
story(5_000, 4);
