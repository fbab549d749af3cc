"""The gateway's HTTP side: connections, requests, DynamoDB's protocol, signatures."""

from trinamo.gateway.http.protocol import Admission, ApiRequest
from trinamo.gateway.http.server import Handle, HttpServer, ServerStatistics

__all__ = ["Admission", "ApiRequest", "Handle", "HttpServer", "ServerStatistics"]
