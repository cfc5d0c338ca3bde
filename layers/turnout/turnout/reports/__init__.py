"""The page of a report: charts, and the HTML around them. Only the optimizer has what this imports."""
