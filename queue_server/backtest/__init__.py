"""`bianmin backtest`: how good would the predictions have been on a log of days gone by."""
