DROP TABLE settings;
DROP TABLE personal_tokens;
DROP TABLE sessions;
ALTER TABLE users DROP COLUMN deleted_at;
ALTER TABLE users DROP COLUMN disabled_at;
ALTER TABLE users DROP COLUMN role;
