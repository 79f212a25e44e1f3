"""The app as a site of files: every page and every map, without a server of ours behind them."""
