// The story of tests/leads/test_sdks.py, told by @segment/analytics-next on a page of another origin.
async function tell({ host, writeKey, name, deliveryStrategy }) {
  const [visitor, user] = [`${name}-v`, `${name}-u`];
  const [protocol, address] = host.split("://");
  const segment = { apiKey: writeKey, apiHost: `${address}/v1`, protocol, deliveryStrategy };
  const settings = { writeKey, cdnSettings: { integrations: { "Segment.io": segment } } };
  const [sdk] = await window.AnalyticsNext.AnalyticsBrowser.load(settings, { disableAutoISOConversion: true });
  await sdk.reset(); // the page may have known somebody else
  sdk.setAnonymousId(visitor);
  const once = (messageId) => ({ timestamp: new Date("2025-01-01T10:00:00.123Z"), messageId });
  const again = { messageId: `${name}-2` };
  await sdk.track("Pricing Seen", {}, once(`${name}-1`));
  await sdk.alias(user, visitor);
  await sdk.identify(user, { email: `${name}@${name}.example`, name: "Zoë Łąka 🚲", title: "CTO" });
  await sdk.page("Docs", "Pricing", { url: "https://acme.example/pricing" });
  await sdk.group("g1", { name: `Acme ${name}`, industry: "Steel" });
  const properties = { comment: "🚲 Grüße, 東京", when: new Date("2025-02-03T00:00:00Z") };
  await sdk.track("Demo Requested", properties, again);
  await sdk.track("Demo Requested", properties, again);
  await sdk.track(" ", {}, { messageId: `${name}-bad` });
}
