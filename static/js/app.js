// Entry of every signed-in page. Each module listens on the document, so swapped content needs no set-up,
// and every page works without any of them.
import './dialogs.js';
import './keys.js';
import './palette.js';
import './lists.js';
import './forms.js';
import './requests.js';
import './appearance.js';
import './live.js';
import './lookback.js';
import './why.js';
import { startClocks } from './clocks.js';
import { startToasts } from './toasts.js';

startClocks();
startToasts();
