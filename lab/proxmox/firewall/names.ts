import { words } from "../schema/words";

/** The macros that a rule may name, as Proxmox VE 9.2 lists them; it takes them in any case. */
export const macros = words(`
  Amanda Auth BGP BitTorrent BitTorrent32 Ceph Citrix CVS DAAP DCC DHCPfwd DHCPv6 Distcc DNS Finger FTP Git GNUnet GRE HKP
  HTTP HTTPS ICPV2 ICQ IMAP IMAPS IPIP IPsec IPsecah IPsecnat IRC Jetdirect L2TP LDAP LDAPS Mail MDNS MSNP MSSQL Munin MySQL
  NeighborDiscovery NNTP NNTPS NTP OpenVPN OSPF PCA Ping PMG POP3 POP3S PostgreSQL PPtP Printer Razor Rdate RDP RIP RNDC
  Rsync SANE SixXS SMB SMBswat SMTP SMTPS SNMP SPAMD SPICEproxy Squid SSH Submission SVN Syslog Telnet Telnets TFTP Time
  Trcrt VNC VNCL Web Webcache Webmin Whois`);

const ported = new Set(words("tcp 6 udp 17 dccp 33 sctp 132 udplite 136"));
export const hasPorts = (proto: string): boolean => ported.has(proto);

export const isIcmp = (proto: string): boolean => ["icmp", "icmpv6", "ipv6-icmp"].includes(proto);

const protocols = new Set(
  words(`ip icmp igmp ggp ipencap st tcp egp igp pup udp hmp xns-idp rdp iso-tp4 dccp xtp ddp idpr-cmtp ipv6 ipv6-route
  ipv6-frag idrp rsvp gre esp ah skip ipv6-icmp icmpv6 ipv6-nonxt ipv6-opts rspf vmtp eigrp ospf ax.25 ipip etherip encap
  pim ipcomp vrrp l2tp isis sctp fc mobility-header udplite mpls-in-ip manet hip shim6 wesp rohc ethernet mptcp`),
);
/** A protocol by its name or number, as a node's /etc/protocols has them. */
export const isProtocol = (proto: string): boolean =>
  protocols.has(proto) || (/^\d+$/.test(proto) && Number(proto) <= 143);

const services = new Set(
  words(`ftp-data ftp ssh telnet smtp time whois domain bootps bootpc tftp gopher finger http www kerberos pop3 sunrpc auth
  nntp ntp netbios-ns netbios-dgm netbios-ssn imap2 imap snmp snmp-trap bgp irc ldap https microsoft-ds submissions
  submission nntps ldaps domain-s rsync ftps-data ftps telnets imaps pop3s openvpn ms-sql-s nfs mysql rdp postgresql
  ipsec-nat-t sip sip-tls mdns amqp amqps syslog syslog-tls printer shell login exec http-alt webmin redis git munin`),
);
/** A service by its name, as a node's /etc/services has the usual ones. */
export const isService = (name: string): boolean => services.has(name);

const unreachable = "destination-unreachable communication-prohibited port-unreachable";
const both = `${unreachable} redirect echo-request echo-reply router-advertisement router-solicitation time-exceeded
  ttl-zero-during-transit ttl-zero-during-reassembly parameter-problem`;
const icmpTypes: Record<string, Set<string>> = {
  icmp: new Set(
    words(`any ${both} network-unreachable host-unreachable protocol-unreachable fragmentation-needed source-route-failed
    network-unknown host-unknown network-prohibited host-prohibited TOS-network-unreachable TOS-host-unreachable
    host-precedence-violation precedence-cutoff source-quench network-redirect host-redirect TOS-network-redirect
    TOS-host-redirect ip-header-bad required-option-missing timestamp-request timestamp-reply address-mask-request
    address-mask-reply`),
  ),
  icmpv6: new Set(
    words(`${both} no-route beyond-scope address-unreachable failed-policy reject-route packet-too-big bad-header
    unknown-header-type unknown-option neighbor-solicitation neighbour-solicitation neighbor-advertisement
    neighbour-advertisement`),
  ),
};
/** @param proto any that is ICMP's; either where it is left out */
export function isIcmpType(type: string, proto?: string): boolean {
  if (proto === undefined) return Object.values(icmpTypes).some((types) => types.has(type));
  return icmpTypes[proto === "icmp" ? "icmp" : "icmpv6"]?.has(type) ?? false;
}
