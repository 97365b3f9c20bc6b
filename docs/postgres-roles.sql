-- The rights of the role that serves, `countersign`, on tables that belong to another role, which made them. With these it
-- can add to the record and not change it. Run this as the owner when there are new tables: after the first start, and
-- after an upgrade.
GRANT USAGE ON SCHEMA public TO countersign;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO countersign;
REVOKE UPDATE, DELETE ON audit_event, audit_tree FROM countersign;
REVOKE INSERT, UPDATE, DELETE ON _sqlx_migrations FROM countersign;
