"""The UI as processes: code server, daemon, webserver, started and watched."""
