ALTER TABLE clusters ADD COLUMN node_size TEXT NOT NULL DEFAULT 'medium';
-- Names, with commas between them.
ALTER TABLE clusters ADD COLUMN addons TEXT NOT NULL DEFAULT '';
