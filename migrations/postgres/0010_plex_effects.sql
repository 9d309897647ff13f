-- How finished downloads get into Plex.

-- What the site says of the video.
ALTER TABLE download_items ADD COLUMN summary TEXT COLLATE "C";
-- The video's key in Plex, and whether it has its title and is in its collection.
ALTER TABLE download_items ADD COLUMN plex_key TEXT COLLATE "C";
ALTER TABLE download_items ADD COLUMN plex_settled BOOLEAN NOT NULL DEFAULT FALSE;

-- Downloads that belong into Plex. The collection is `youtube_downloads.plex_collection_id`.
CREATE TABLE plex_arrivals (
    download_id TEXT COLLATE "C" PRIMARY KEY REFERENCES youtube_downloads (id) ON DELETE CASCADE,
    state TEXT COLLATE "C" NOT NULL CHECK (state IN ('waiting', 'there', 'failed')),
    failure TEXT COLLATE "C",
    -- The server that has it, and the video that opens there.
    machine TEXT COLLATE "C",
    item_key TEXT COLLATE "C"
);
