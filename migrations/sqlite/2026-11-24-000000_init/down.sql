DROP TABLE idempotency_keys;
DROP TABLE cluster_events;
DROP TABLE cluster_ports;
DROP TABLE clusters;
DROP TABLE users;
