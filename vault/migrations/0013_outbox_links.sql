-- Links that people wait for are found without reading the notices that wait too.
CREATE INDEX outbox_links_by_turn ON outbox (next_at) WHERE next_at IS NOT NULL AND kind <> 'notice';
