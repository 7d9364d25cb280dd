// A form in a frame tells the page around it how high it is; the page's own script (static/tandem-form.js) listens.
const tell = () => parent.postMessage({ tandemForm: Math.ceil(document.documentElement.getBoundingClientRect().height) }, '*');

new ResizeObserver(tell).observe(document.documentElement);
addEventListener('load', tell);
