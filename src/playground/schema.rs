//! The migrations of the services' own databases. They belong to what is operated, not to countersign.

/// One forward migration of a service's database.
#[derive(Debug, Clone, Copy)]
pub struct Migration {
    /// The name it is recorded under, such as `0001_create_orders`.
    pub name: &'static str,
    /// What it runs, one or more statements, in one transaction.
    pub sql: &'static str,
}

const fn migration(name: &'static str, sql: &'static str) -> Migration {
    Migration { name, sql }
}

/// order-service.
pub(super) const ORDERS: &[Migration] = &[
    migration(
        "0001_create_orders",
        "CREATE TABLE orders (
           id INTEGER PRIMARY KEY,
           customer_id INTEGER NOT NULL,
           state TEXT NOT NULL CHECK (state IN ('open', 'paid', 'shipped', 'cancelled')),
           created_at TEXT NOT NULL
         ) STRICT;",
    ),
    migration(
        "0002_create_order_items",
        "CREATE TABLE order_items (
           order_id INTEGER NOT NULL REFERENCES orders (id),
           sku TEXT NOT NULL,
           quantity INTEGER NOT NULL CHECK (quantity > 0),
           unit_cents INTEGER NOT NULL,
           PRIMARY KEY (order_id, sku)
         ) STRICT, WITHOUT ROWID;",
    ),
    migration(
        "0003_add_order_currency",
        "ALTER TABLE orders ADD COLUMN currency TEXT NOT NULL DEFAULT 'EUR';",
    ),
    migration(
        "0004_add_order_notes",
        "CREATE TABLE order_notes (
           id INTEGER PRIMARY KEY,
           order_id INTEGER NOT NULL REFERENCES orders (id),
           note TEXT NOT NULL,
           written_at TEXT NOT NULL
         ) STRICT;",
    ),
    migration(
        "0005_index_orders_by_customer",
        "CREATE INDEX orders_by_customer ON orders (customer_id, created_at);",
    ),
];

/// payment-service.
pub(super) const PAYMENTS: &[Migration] = &[
    migration(
        "0001_create_payments",
        "CREATE TABLE payments (
           id INTEGER PRIMARY KEY,
           order_id INTEGER NOT NULL,
           amount_cents INTEGER NOT NULL,
           state TEXT NOT NULL CHECK (state IN ('authorised', 'captured', 'refunded', 'failed'))
         ) STRICT;",
    ),
    migration("0002_add_provider_reference", "ALTER TABLE payments ADD COLUMN provider_reference TEXT;"),
    migration(
        "0003_unique_provider_reference",
        "CREATE UNIQUE INDEX payments_by_provider_reference ON payments (provider_reference)
         WHERE provider_reference IS NOT NULL;",
    ),
];

/// api-gateway.
pub(super) const GATEWAY: &[Migration] = &[
    migration(
        "0001_create_routes",
        "CREATE TABLE routes (path TEXT PRIMARY KEY, upstream TEXT NOT NULL) STRICT, WITHOUT ROWID;",
    ),
    migration(
        "0002_add_route_rate_limit",
        "ALTER TABLE routes ADD COLUMN per_minute INTEGER NOT NULL DEFAULT 600;",
    ),
];

/// checkout.
pub(super) const CHECKOUT: &[Migration] = &[
    migration(
        "0001_create_carts",
        "CREATE TABLE carts (id INTEGER PRIMARY KEY, customer_id INTEGER, updated_at TEXT NOT NULL) STRICT;",
    ),
    migration(
        "0002_create_cart_items",
        "CREATE TABLE cart_items (
           cart_id INTEGER NOT NULL REFERENCES carts (id) ON DELETE CASCADE,
           sku TEXT NOT NULL,
           quantity INTEGER NOT NULL,
           PRIMARY KEY (cart_id, sku)
         ) STRICT, WITHOUT ROWID;",
    ),
];

/// user-service.
pub(super) const USERS: &[Migration] = &[
    migration(
        "0001_create_users",
        "CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT NOT NULL UNIQUE, name TEXT NOT NULL) STRICT;",
    ),
    migration("0002_add_last_login", "ALTER TABLE users ADD COLUMN last_login_at TEXT;"),
    migration(
        "0003_create_addresses",
        "CREATE TABLE addresses (
           id INTEGER PRIMARY KEY,
           user_id INTEGER NOT NULL REFERENCES users (id),
           line TEXT NOT NULL,
           country TEXT NOT NULL
         ) STRICT;",
    ),
    migration("0004_index_users_by_last_login", "CREATE INDEX users_by_last_login ON users (last_login_at);"),
];

/// search-indexer.
pub(super) const SEARCH: &[Migration] = &[
    migration(
        "0001_create_documents",
        "CREATE TABLE documents (id TEXT PRIMARY KEY, body TEXT NOT NULL) STRICT, WITHOUT ROWID;",
    ),
    migration("0002_add_indexed_at", "ALTER TABLE documents ADD COLUMN indexed_at TEXT;"),
];

/// notification-worker.
pub(super) const NOTIFICATIONS: &[Migration] = &[
    migration(
        "0001_create_notifications",
        "CREATE TABLE notifications (
           id INTEGER PRIMARY KEY,
           recipient TEXT NOT NULL,
           channel TEXT NOT NULL,
           sent_at TEXT
         ) STRICT;",
    ),
    migration(
        "0002_index_unsent",
        "CREATE INDEX notifications_unsent ON notifications (id) WHERE sent_at IS NULL;",
    ),
];

/// inventory-service.
pub(super) const INVENTORY: &[Migration] = &[
    migration(
        "0001_create_stock",
        "CREATE TABLE stock (sku TEXT PRIMARY KEY, on_hand INTEGER NOT NULL) STRICT, WITHOUT ROWID;",
    ),
    migration("0002_add_warehouse", "ALTER TABLE stock ADD COLUMN warehouse TEXT NOT NULL DEFAULT 'main';"),
    migration("0003_add_reserved_stock", "ALTER TABLE stock ADD COLUMN reserved INTEGER NOT NULL DEFAULT 0;"),
];
