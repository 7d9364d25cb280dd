// The story of tests/leads/test_sdks.py, told by @segment/analytics-node: node segment_node.cjs <host> <key> <name>
const [host, writeKey, name] = process.argv.slice(2);
const { Analytics } = require(require.resolve("@segment/analytics-node", { paths: [process.cwd()] }));

const [visitor, user] = [`${name}-v`, `${name}-u`];
const sdk = new Analytics({ host, writeKey, flushAt: 100, flushInterval: 60_000 });
sdk.on("error", (error) => console.error(error));
const timestamp = new Date("2025-01-01T10:00:00.123Z");
sdk.track({ anonymousId: visitor, event: "Pricing Seen", timestamp, messageId: `${name}-1` });
sdk.alias({ userId: user, previousId: visitor });
sdk.identify({ userId: user, traits: { email: `${name}@${name}.example`, name: "Zoë Łąka 🚲", title: "CTO" } });
sdk.page({ userId: user, category: "Docs", name: "Pricing", properties: { url: "https://acme.example/pricing" } });
sdk.group({ userId: user, groupId: "g1", traits: { name: `Acme ${name}`, industry: "Steel" } });
const demo = { userId: user, event: "Demo Requested", messageId: `${name}-2` };
const properties = { comment: "🚲 Grüße, 東京", when: new Date("2025-02-03T00:00:00Z") };
sdk.track({ ...demo, properties });
sdk.track({ ...demo, properties });
sdk.track({ userId: user, event: " ", messageId: `${name}-bad` });
sdk.closeAndFlush({ timeout: 30_000 });
