"""The token forwarder between collectors and the gateway: it adds the token to each call.

A collector drops spans that a gateway refuses because of the token. The forwarder answers such a
call with a code that makes the collector repeat it, so that its queue keeps the spans until the
token is right. It reads the token at each call: a new one takes effect without a restart.
"""
