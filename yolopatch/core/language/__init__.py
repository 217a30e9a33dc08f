"""Other languages than English: finished texts are translated where people read them."""
