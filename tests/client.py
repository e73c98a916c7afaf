"""HTTP for all tests."""

from http.cookiejar import CookieJar, DefaultCookiePolicy

import httpx

HTTP = httpx.Client(
    limits=httpx.Limits(max_keepalive_connections=0),
    cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
)
"""One client: each new one reads the certificates of all authorities, which takes longer than most calls. It keeps neither
connections, so that a server that was restarted is met as by somebody new, nor cookies."""
