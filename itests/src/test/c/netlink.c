// SPDX-License-Identifier: Apache-2.0
// What NETLINK_ROUTE (rtnetlink(7)) tells of the loopback interface, to several at once.
#include "check.h"
#include <arpa/inet.h>
#include <ifaddrs.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

static void *addresses(void *rounds) {
    for (long i = 0; i < (long)rounds; i++) {
        struct ifaddrs *all, *one;
        int four = 0, link = 0;
        CHECK(getifaddrs(&all) == 0);
        for (one = all; one != NULL; one = one->ifa_next) {
            if (strcmp(one->ifa_name, "lo") != 0 || one->ifa_addr == NULL) continue;
            CHECK((one->ifa_flags & (IFF_UP | IFF_LOOPBACK)) == (IFF_UP | IFF_LOOPBACK));
            link |= one->ifa_addr->sa_family == AF_PACKET;
            four |= one->ifa_addr->sa_family == AF_INET
                && ((struct sockaddr_in *)one->ifa_addr)->sin_addr.s_addr == htonl(INADDR_LOOPBACK)
                && ((struct sockaddr_in *)one->ifa_netmask)->sin_addr.s_addr == htonl(0xff000000);
        }
        freeifaddrs(all);
        CHECK(link && four);
    }
    return NULL;
}

static int ask(int s, int type, int flags, const void *body, size_t length, void *answer, size_t room) {
    struct { struct nlmsghdr header; char body[64]; } request = {{0}, {0}};
    request.header = (struct nlmsghdr){NLMSG_LENGTH(length), (unsigned short)type, (unsigned short)(NLM_F_REQUEST | flags), 7, 0};
    memcpy(request.body, body, length);
    CHECK(send(s, &request, request.header.nlmsg_len, 0) == (ssize_t)request.header.nlmsg_len);
    ssize_t got = recv(s, answer, room, 0);
    CHECK(got >= (ssize_t)sizeof(struct nlmsghdr) && ((struct nlmsghdr *)answer)->nlmsg_seq == 7);
    return ((struct nlmsghdr *)answer)->nlmsg_type;
}

static void requests(void) {
    union { struct nlmsghdr header; char bytes[8192]; } answer;
    struct sockaddr_nl own = {.nl_family = AF_NETLINK}, from;
    socklen_t length = sizeof own;
    int s = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE), other = socket(AF_NETLINK, SOCK_DGRAM, NETLINK_ROUTE);
    CHECK(s >= 0 && bind(s, (struct sockaddr *)&own, sizeof own) == 0);
    CHECK(getsockname(s, (struct sockaddr *)&own, &length) == 0 && length == sizeof own && own.nl_pid == (unsigned)getpid());
    CHECK_ERRNO(bind(other, (struct sockaddr *)&own, sizeof own), EADDRINUSE);
    own.nl_pid = 0;
    CHECK(bind(other, (struct sockaddr *)&own, sizeof own) == 0);
    CHECK(getsockname(other, (struct sockaddr *)&own, &length) == 0 && own.nl_pid != 0 && own.nl_pid != (unsigned)getpid());
    CHECK_ERRNO(socket(AF_NETLINK, SOCK_STREAM, NETLINK_ROUTE), ESOCKTNOSUPPORT);

    // One link by its index, none by another, and the name of the first.
    struct ifinfomsg link = {.ifi_index = 1};
    CHECK(ask(s, RTM_GETLINK, 0, &link, sizeof link, &answer, sizeof answer) == RTM_NEWLINK);
    struct ifinfomsg *found = NLMSG_DATA(&answer.header);
    CHECK(found->ifi_index == 1 && (found->ifi_flags & IFF_LOOPBACK) && !(answer.header.nlmsg_flags & NLM_F_MULTI));
    int room = IFLA_PAYLOAD(&answer.header), named = 0;
    for (struct rtattr *a = IFLA_RTA(found); RTA_OK(a, room); a = RTA_NEXT(a, room)) {
        named |= a->rta_type == IFLA_IFNAME && strcmp(RTA_DATA(a), "lo") == 0;
    }
    CHECK(named);
    link.ifi_index = 4711;
    CHECK(ask(s, RTM_GETLINK, 0, &link, sizeof link, &answer, sizeof answer) == NLMSG_ERROR);
    CHECK(((struct nlmsgerr *)NLMSG_DATA(&answer.header))->error == -ENODEV);

    // A dump comes to an end; what nobody wants to know is let be.
    struct rtgenmsg any = {AF_INET};
    int type = ask(s, RTM_GETADDR, NLM_F_DUMP, &any, sizeof any, &answer, sizeof answer), seen = 0;
    while (type != NLMSG_DONE) {
        CHECK(type == RTM_NEWADDR && (answer.header.nlmsg_flags & NLM_F_MULTI) && seen++ < 1000);
        length = sizeof from;
        CHECK(recvfrom(s, &answer, sizeof answer, 0, (struct sockaddr *)&from, &length) > 0 && from.nl_pid == 0);
        type = answer.header.nlmsg_type;
    }
    CHECK(seen > 0);
    char in;
    CHECK_ERRNO(recv(s, &in, 1, MSG_DONTWAIT), EAGAIN);
    close(s);
    close(other);
}

static void interfaces(void) {
    char name[IF_NAMESIZE];
    int families[] = {AF_INET, AF_UNIX, AF_NETLINK};
    CHECK(if_nametoindex("lo") == 1 && if_indextoname(1, name) && strcmp(name, "lo") == 0);
    CHECK(if_nametoindex("nonesuch") == 0 && errno == ENODEV);
    for (int i = 0; i < 3; i++) {
        struct ifreq r = {0};
        int s = socket(families[i], SOCK_DGRAM, 0);
        strcpy(r.ifr_name, "lo");
        CHECK(s >= 0 && ioctl(s, SIOCGIFINDEX, &r) == 0 && r.ifr_ifindex == 1);
        CHECK(ioctl(s, SIOCGIFFLAGS, &r) == 0 && (r.ifr_flags & (IFF_UP | IFF_LOOPBACK)) == (IFF_UP | IFF_LOOPBACK));
        close(s);
    }
}

int main(void) {
    alarm(100);
    pthread_t threads[4];
    for (int i = 0; i < 4; i++) CHECK(pthread_create(&threads[i], NULL, addresses, (void *)100) == 0);
    for (int i = 0; i < 4; i++) CHECK(pthread_join(threads[i], NULL) == 0);
    requests();
    interfaces();
    return 0;
}
