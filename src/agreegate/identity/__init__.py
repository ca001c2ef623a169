"""Who a caller is: bearer tokens, the keys that sign them, and sign-in through an OpenID provider."""
