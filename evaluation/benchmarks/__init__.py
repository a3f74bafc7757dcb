"""Our figures beside the peers', from one run: each module measures one thing and answers `figures.Figure`s."""
