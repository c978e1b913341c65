"""`python -m queue_server.forecaster`: the hall server starts it."""

from queue_server.forecaster.service import main

main()
