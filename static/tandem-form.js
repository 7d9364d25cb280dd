// Shows a form of Tandem's where this script stands:
//   <script async src="https://tandem.example.com/static/tandem-form.js" data-form="guide"></script>
// The site must be listed with the form. Campaign, page and the tracker's visitor id go along.
(() => {
  const script = document.currentScript;
  const home = new URL(script.src).origin;
  const query = new URLSearchParams({ embed: '1', page: location.origin + location.pathname });
  for (const [name, value] of new URLSearchParams(location.search)) {
    if (/^(utm_\w+|gclid|fbclid|msclkid)$/.test(name)) query.set(name, value.slice(0, 300));
  }
  const visitor = window.tandem?.id?.();
  if (visitor) query.set('visitor', visitor);
  if (document.documentElement.lang) query.set('lang', document.documentElement.lang.slice(0, 2));
  const frame = document.createElement('iframe');
  frame.src = `${home}/f/${encodeURIComponent(script.dataset.form)}/?${query}`;
  frame.title = script.dataset.title || 'Form';
  frame.width = '100%';
  frame.height = '600';
  frame.style.border = '0';
  addEventListener('message', (event) => {
    const height = Number(event.data?.tandemForm);
    if (event.origin === home && event.source === frame.contentWindow && height > 0) frame.height = String(Math.min(height, 5000));
  });
  script.after(frame);
})();
