ALTER TABLE clusters DROP COLUMN addons;
ALTER TABLE clusters DROP COLUMN node_size;
