"""The token forwarder: stands between collectors and the gateway, and adds the token.

A collector drops for good what a gateway refuses for its token. The forwarder answers such a call
with a code that the collector repeats, so that its queue keeps all until the token is right. It
reads the token at each call: a new one takes effect without a restart.
"""
