"""The process that foresees: it follows the hall's journal, learns its past days and answers the server.

`service` and what it answers with (`present`, `requests`, `past`, `imported`) run in a process of their own; `client`
runs in the server and starts it. They speak `wire`, one line of JSON a message.
"""
