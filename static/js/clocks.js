// One timer for every clock of the page. The server counts working time and says what is left (data-left, seconds)
// and whether it is running; here the seconds only pass. Only words and ring change, never the order of rows.
import { $, $$ } from './dom.js';

const FAR_TOO_LATE = 5 * 60; // seconds between two ticks: the machine slept, what is shown may be wrong
const seen = new WeakMap();
let lastTick = Date.now();

export function startClocks() {
  setInterval(tick, 1000);
  setInterval(() => $$('time[datetime]').forEach(refresh), 60_000);
}

function tick() {
  const now = Date.now();
  if ((now - lastTick) / 1000 > FAR_TOO_LATE) document.body.dispatchEvent(new CustomEvent('tandem:woke'));
  lastTick = now;
  $$('.sla[data-left][data-running]').forEach((clock) => show(clock, now));
}

function show(clock, now) {
  const start = seen.get(clock) ?? firstSight(clock, now);
  const left = start.left - (now - start.at) / 1000;
  const words = leftWords(left, Number(clock.dataset.dayHours ?? 24));
  const text = $('[data-words]', clock);
  if (text.textContent !== words) text.textContent = words;
  const percent = start.total ? Math.max(0, Math.min(100, (left / start.total) * 100)) : 0;
  const state = left <= 0 ? 'over' : start.total && percent <= 50 ? 'soon' : clock.dataset.state;
  if (clock.dataset.state !== state) clock.dataset.state = state;
  $('.p', clock)?.setAttribute('stroke-dasharray', `${left <= 0 ? 100 : Math.round(percent)} 100`);
}

function firstSight(clock, now) {
  const left = Number(clock.dataset.left);
  const percent = parseFloat($('.p', clock)?.getAttribute('stroke-dasharray') ?? '0');
  const start = { at: now, left, total: left > 0 && percent > 0 ? (left / percent) * 100 : 0 };
  seen.set(clock, start);
  return start;
}

// Repeats the words of handoff/durations.py: "18 min left", "1 h 05 min left", "2 d 3 h left", "12 min overdue".
export function leftWords(seconds, hoursADay = 24) {
  return `${durationWords(Math.abs(seconds), hoursADay)} ${seconds > 0 ? 'left' : 'overdue'}`;
}

function durationWords(seconds, hoursADay) {
  const minutes = Math.floor(seconds / 60);
  const [hours, minute] = [Math.floor(minutes / 60), minutes % 60];
  const [days, hour] = [Math.floor(hours / hoursADay), hours % hoursADay];
  if (days) return hour ? `${days} d ${hour} h` : `${days} d`;
  if (hours) return minute ? `${hours} h ${String(minute).padStart(2, '0')} min` : `${hours} h`;
  return minute ? `${minute} min` : 'under 1 min';
}

// "18 min ago" grows old too; dates do not.
function refresh(time) {
  if (!/(min|h) ago$|^just now$/.test(time.textContent)) return;
  const minutes = Math.floor((Date.now() - new Date(time.dateTime)) / 60_000);
  if (minutes >= 1 && minutes < 60) time.textContent = `${minutes} min ago`;
  else if (minutes >= 60 && minutes < 24 * 60) time.textContent = `${Math.floor(minutes / 60)} h ago`;
}
