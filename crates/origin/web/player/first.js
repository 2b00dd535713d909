// What takes longest, asked for before the rest of the page is there: the list of streams, and what plays them.

import { choosePlayer } from './library.js';
import { Streams } from './streams.js';
import { TokenKeeper } from './token.js';

export const token = new TokenKeeper();
export const streams = new Streams(token);
export const choosing = choosePlayer(document.getElementById('video'));
streams.start();
