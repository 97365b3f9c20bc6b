//! What a replica does by itself so that its log and its metrics are alive: a little traffic, the same every time.

use super::logs::Level;

/// One request that a replica sends itself.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tick {
    pub(super) level: Level,
    pub(super) text: &'static str,
    /// The HTTP status of the request.
    pub(super) code: u16,
    /// How long it took.
    pub(super) ms: u32,
}

const fn info(text: &'static str, ms: u32) -> Tick {
    Tick { level: Level::Info, text, code: 200, ms }
}

const fn warn(text: &'static str, ms: u32) -> Tick {
    Tick { level: Level::Warn, text, code: 200, ms }
}

const fn error(text: &'static str, code: u16, ms: u32) -> Tick {
    Tick { level: Level::Error, text, code, ms }
}

/// The traffic of this service; it repeats.
pub(super) fn of(service: &str) -> &'static [Tick] {
    match service {
        "order-service" => ORDERS,
        "payment-service" => PAYMENTS,
        "api-gateway" => GATEWAY,
        "checkout" => CHECKOUT,
        "user-service" => USERS,
        "search-indexer" => SEARCH,
        "notification-worker" => NOTIFICATIONS,
        "inventory-service" => INVENTORY,
        _ => OTHER,
    }
}

const ORDERS: &[Tick] = &[
    info("POST /orders 201 order=84112 customer=2207 items=3", 41),
    info("GET /orders/84105 200", 9),
    warn("slow query: SELECT orders by customer took 812 ms (no index on customer_id)", 830),
    info("PATCH /orders/84098 200 state=paid", 27),
    info("GET /orders?customer=2207 200 rows=14", 118),
    error("payment-service did not answer within 2000 ms: order=84109 stays open", 504, 2003),
    info("POST /orders 201 order=84113 customer=918 items=1", 38),
    warn("retrying event order.paid for order=84098 (attempt 2 of 5)", 64),
];

const PAYMENTS: &[Tick] = &[
    info("payment authorised order=84112 amount=59.90 EUR provider=cardline", 210),
    error("timeout talking to provider cardline after 5000 ms: order=84109 not charged", 504, 5002),
    info("payment captured order=84098 amount=18.00 EUR", 164),
    warn("provider cardline answers slowly: p95 2310 ms over the last 5 minutes", 2310),
    info("payment authorised order=84113 amount=7.49 EUR provider=cardline", 198),
    error("timeout talking to provider cardline after 5000 ms: order=84110 not charged", 504, 5001),
    info("refund issued order=84021 amount=12.00 EUR", 241),
    warn("card declined order=84114 reason=insufficient_funds", 187),
];

const GATEWAY: &[Tick] = &[
    info("GET /orders/84105 200 upstream=order-service", 14),
    info("POST /checkout 200 upstream=checkout", 97),
    warn("rate limit: client=partner-7 at 580 of 600 requests a minute", 3),
    info("GET /search?q=boots 200 upstream=search-indexer", 33),
    error("upstream payment-service answered 504 for POST /pay", 504, 5004),
    info("GET /users/2207 200 upstream=user-service", 11),
    info("GET /stock/SKU-1180 200 upstream=inventory-service", 8),
    warn("client closed the connection before the answer: GET /search?q=coat", 1204),
];

const CHECKOUT: &[Tick] = &[
    info("cart 5521 opened customer=2207", 12),
    info("cart 5521 priced items=3 total=59.90 EUR", 31),
    warn("stock of SKU-1180 changed while cart 5518 was open", 22),
    info("cart 5521 checked out order=84112", 143),
    error("cart 5519 not checked out: payment-service answered 504", 504, 5006),
    info("cart 5522 opened customer=918", 10),
    warn("voucher SPRING10 is expired, cart 5522", 9),
    info("cart 5522 checked out order=84113", 121),
];

const USERS: &[Tick] = &[
    info("login user=2207", 73),
    info("GET /users/2207 200", 6),
    warn("3 failed logins for user=1140 from one address", 71),
    info("profile updated user=918", 25),
    info("GET /users/918/addresses 200", 9),
    error("mail to user=1140 not sent: notification-worker refuses the connection", 502, 12),
    info("token refreshed user=2207", 15),
    info("login user=918", 68),
];

const SEARCH: &[Tick] = &[
    info("indexed 240 documents", 310),
    info("query q=boots hits=118", 21),
    warn("index is 94 s behind inventory-service", 18),
    info("indexed 12 documents", 44),
    info("query q=coat hits=61", 1180),
    error("document SKU-0931 not indexed: field `price` is not a number", 500, 4),
    info("segment merge finished", 920),
    info("query q=gloves hits=37", 17),
];

const NOTIFICATIONS: &[Tick] = &[
    info("sent mail order_confirmation order=84112", 88),
    info("queue depth 3", 2),
    warn("mail server answered 451, trying again in 60 s: order=84098", 430),
    info("sent mail shipped order=84055", 79),
    info("sent push order=84113", 35),
    error("gave up on mail to customer=771 after 5 attempts: mailbox does not exist", 500, 402),
    info("queue depth 1", 2),
    info("sent mail order_confirmation order=84113", 91),
];

const INVENTORY: &[Tick] = &[
    info("reserved SKU-1180 quantity=2 order=84112", 17),
    info("GET /stock/SKU-1180 200 on_hand=41", 5),
    warn("SKU-0442 is below its minimum: on_hand=3 minimum=10", 6),
    info("restocked SKU-2001 quantity=120", 29),
    error("reservation lost: SKU-0931 on_hand=0 order=84110", 500, 14),
    info("GET /stock/SKU-2001 200 on_hand=161", 5),
    warn("count differs in warehouse main: SKU-1180 expected 41, found 40", 8),
    info("reserved SKU-2001 quantity=1 order=84113", 16),
];

const OTHER: &[Tick] = &[
    info("GET / 200", 4),
    warn("slow answer: GET / took 640 ms", 640),
    error("upstream did not answer within 2000 ms", 504, 2002),
    info("GET / 200", 5),
];
