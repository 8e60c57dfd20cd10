"""Both ends of a worker's channel: how it is started, asked, watched and ended."""
