import { readFileSync } from "node:fs";
import type { SendMailOptions } from "nodemailer";
import type { Options as SmtpOptions } from "nodemailer/lib/smtp-transport";
import { pause } from "../http/retry";
import { type Notice, noticeBody } from "./notice";
import type { NotifyChannelOf } from "./settings";

type EmailChannel = NotifyChannelOf<"email">;

const ports: Record<EmailChannel["encryption"], number> = { starttls: 587, tls: 465, none: 25 };
/** Milliseconds without a sign of the server. */
const silence = 15_000;
const attempts = 3;

export const emailMessage = ({ from, to }: EmailChannel, notice: Notice): SendMailOptions => ({
  from,
  to,
  subject: notice.title,
  text: `${noticeBody(notice) || notice.title}\n`,
  // Nobody's out-of-office answers it.
  headers: { "Auto-Submitted": "auto-generated", "X-Netbox-Proxmox-Event": notice.event },
  disableFileAccess: true,
  disableUrlAccess: true,
});

export const smtpOptions = ({ host, port, encryption, user, password, caFile }: EmailChannel): SmtpOptions => ({
  host,
  port: port ?? ports[encryption],
  secure: encryption === "tls",
  // A server that offers no STARTTLS, or somebody between who takes the offer away, gets neither password nor message.
  requireTLS: encryption === "starttls",
  ignoreTLS: encryption === "none",
  tls: { rejectUnauthorized: true, ...(caFile === undefined ? {} : { ca: readFileSync(caFile) }) },
  connectionTimeout: silence,
  greetingTimeout: silence,
  socketTimeout: silence,
  ...(user === undefined ? {} : { auth: { user, pass: password ?? "" } }),
});

/** What can be tried again: nobody was reached, or the server said "not now" (4xx). */
const isPassing = (error: unknown): boolean =>
  error instanceof Error &&
  (("code" in error && ["ECONNECTION", "EDNS", "ESOCKET"].includes(String(error.code)) && !isTls(error)) ||
    ("responseCode" in error && Number(error.responseCode) >= 400 && Number(error.responseCode) < 500));

/** A server that doesn't prove itself does so no better the next time. */
export const isTls = (error: Error): boolean => /certificate|altname|self.signed|TLS|SSL/i.test(error.message);

/** Sends one message. @throws what nodemailer throws */
export async function sendEmail(channel: EmailChannel, notice: Notice): Promise<void> {
  const { createTransport } = await import("nodemailer"); // SMTP with STARTTLS, authentication and MIME, which Node.js lacks
  for (let attempt = 1; ; attempt++) {
    const transport = createTransport(smtpOptions(channel));
    try {
      await transport.sendMail(emailMessage(channel, notice));
      return;
    } catch (error) {
      if (attempt >= attempts || !isPassing(error)) throw error;
    } finally {
      transport.close();
    }
    await pause(attempt);
  }
}
