"""A mail server for the tests: the first argument is the folder it keeps letters in.

Prints the port that offers STARTTLS and the port that has TLS from the start, and ends with its
standard input. Its certificate is in ca.pem. Each domain has a folder; there letters are files,
numbered as they come, with what protected them in the name. The server knows the user `shop` with
the password `p@ss:word`, and treats some recipients badly: `later` gets 451, `never` gets 550, and
for `lost` the letter is kept but the connection ends without an answer.
"""

import asyncio
import collections
import datetime
import ipaddress
import itertools
import pathlib
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

REPLIES = {"later": "451 busy, come again", "never": "550 no such user"}


class Mailbox:
    def __init__(self, folder):
        self.folder = folder
        self.numbers = collections.defaultdict(itertools.count)

    async def handle_RCPT(self, server, session, envelope, address, options):
        refusal = REPLIES.get(address.split("@")[0])
        if refusal is None:
            envelope.rcpt_tos.append(address)
        return refusal or "250 OK"

    async def handle_DATA(self, server, session, envelope):
        user, domain = envelope.rcpt_tos[0].split("@")
        folder = self.folder / domain
        folder.mkdir(exist_ok=True)
        protection = "tls" if server.transport.get_extra_info("sslcontext") else "plain"
        name = f"{next(self.numbers[domain]):03}-{protection}.eml"
        (folder / name).write_bytes(envelope.original_content)
        if user == "lost":
            server.transport.abort()
        return "250 kept"


def known(server, session, envelope, mechanism, data):
    success = (data.login, data.password) == (b"shop", b"p@ss:word")
    return AuthResult(success=success, handled=False)


def certificate(folder):
    """A context with a certificate of this address that nobody signed but itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "smtp_server.py")])
    now = datetime.datetime.now(datetime.timezone.utc)
    day = datetime.timedelta(days=1)
    here = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    signed = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - day)
        .not_valid_after(now + day)
        .add_extension(here, critical=False)
        .sign(key, hashes.SHA256())
    )
    public = folder / "ca.pem"
    private = folder / "key.pem"
    public.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(public, private)
    return context


async def main(folder):
    context = certificate(folder)
    mailbox = Mailbox(folder)
    loop = asyncio.get_running_loop()
    plain = await loop.create_server(
        lambda: SMTP(mailbox, tls_context=context, authenticator=known), "127.0.0.1", 0
    )
    encrypted = await loop.create_server(
        lambda: SMTP(mailbox, authenticator=known, auth_require_tls=False),
        "127.0.0.1",
        0,
        ssl=context,
    )
    ports = [server.sockets[0].getsockname()[1] for server in (plain, encrypted)]
    print(*ports, flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(main(pathlib.Path(sys.argv[1])))
