// Entry of the pages visitors see: forms only.
import './forms.js';
