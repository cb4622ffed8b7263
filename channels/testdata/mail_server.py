"""A mail server that others wrote (aiosmtpd), for one test.

Prints its port, then one line of JSON for each mail as Python's own library reads it. `later@` is put off
once, `dead@` for good. Ends when its input ends.
"""

import asyncio
import email
import email.policy
import json
import sys

from aiosmtpd.smtp import SMTP


class Handler:
    put_off = False

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("dead@"):
            return "550 5.1.1 no such user"
        if address.startswith("later@") and not self.put_off:
            self.put_off = True
            return "451 4.7.1 greylisted"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        mail = email.message_from_bytes(envelope.content, policy=email.policy.default)
        parts = {part.get_content_type(): part.get_content() for part in mail.walk() if not part.is_multipart()}
        seen = {
            "to": envelope.rcpt_tos,
            "subject": mail["subject"],
            "id": mail["message-id"],
            "defects": [str(defect) for part in mail.walk() for defect in part.defects],
            "parts": parts,
        }
        print(json.dumps(seen), flush=True)
        return "250 2.0.0 taken"


async def main():
    handler = Handler()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(handler, loop=loop), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


asyncio.run(main())
