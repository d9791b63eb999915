// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.abi;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

class LayoutTest {
    /** sizeof and offsetof as a C program printed them, compiled by gcc 12 with the headers of Linux 6.1 and glibc 2.36. */
    private static final String MEASURED = """
            Stat: SIZE=144 DEV=0 INO=8 NLINK=16 MODE=24 UID=28 GID=32 RDEV=40 SIZE_BYTES=48 BLKSIZE=56 BLOCKS=64
                ATIME_SEC=72 ATIME_NSEC=80 MTIME_SEC=88 MTIME_NSEC=96 CTIME_SEC=104 CTIME_NSEC=112
            Statx: SIZE=256 MASK=0 BLKSIZE=4 ATTRIBUTES=8 NLINK=16 UID=20 GID=24 MODE=28 INO=32 SIZE_BYTES=40 BLOCKS=48
                ATTRIBUTES_MASK=56 ATIME=64 BTIME=80 CTIME=96 MTIME=112 RDEV_MAJOR=128 RDEV_MINOR=132 DEV_MAJOR=136
                DEV_MINOR=140 MNT_ID=144 DIO_MEM_ALIGN=152 DIO_OFFSET_ALIGN=156
            Statfs: SIZE=120 TYPE=0 BSIZE=8 BLOCKS=16 BFREE=24 BAVAIL=32 FILES=40 FFREE=48 FSID=56 NAMELEN=64 FRSIZE=72
                FLAGS=80
            Timespec: SIZE=16 SEC=0 NSEC=8
            Timeval: SIZE=16 SEC=0 USEC=8
            Itimerval: SIZE=32 INTERVAL=0 VALUE=16
            Itimerspec: SIZE=32 INTERVAL=0 VALUE=16
            Iovec: SIZE=16 BASE=0 LEN=8
            Sigaction: SIZE=32 HANDLER=0 FLAGS=8 RESTORER=16 MASK=24
            Siginfo: SIZE=128 SIGNO=0 ERRNO=4 CODE=8 PID=16 UID=20 VALUE=24 TIMER_ID=16 OVERRUN=20 STATUS=24 UTIME=32
                STIME=40 ADDR=16 ADDR_LSB=24 LOWER=32 UPPER=40 PKEY=32 BAND=16 FD=24 CALL_ADDR=16 SYSCALL=24 ARCH=28
            SigaltStack: SIZE=24 SP=0 FLAGS=8 SIZE_BYTES=16
            Sigevent: SIZE=64 VALUE=0 SIGNO=8 NOTIFY=12 TID=16
            Sigcontext: SIZE=256 R8=0 R9=8 R10=16 R11=24 R12=32 R13=40 R14=48 R15=56 RDI=64 RSI=72 RBP=80 RBX=88 RDX=96
                RAX=104 RCX=112 RSP=120 RIP=128 RFLAGS=136 CS=144 GS=146 FS=148 SS=150 ERR=152 TRAPNO=160 OLDMASK=168
                CR2=176 FPSTATE=184
            Ucontext: SIZE=304 FLAGS=0 LINK=8 STACK=16 MCONTEXT=40 SIGMASK=296
            RtSigframe: SIZE=440 PRETCODE=0 UCONTEXT=8 SIGINFO=312
            Fpstate: SIZE=512 CWD=0 SWD=2 TWD=4 FOP=6 RIP=8 RDP=16 MXCSR=24 MXCSR_MASK=28 ST_SPACE=32 XMM_SPACE=160
                MAGIC1=464 EXTENDED_SIZE=468 XFEATURES=472 XSTATE_SIZE=480
            Rusage: SIZE=144 UTIME=0 STIME=16 MAXRSS=32 IXRSS=40 IDRSS=48 ISRSS=56 MINFLT=64 MAJFLT=72 NSWAP=80
                INBLOCK=88 OUBLOCK=96 MSGSND=104 MSGRCV=112 NSIGNALS=120 NVCSW=128 NIVCSW=136
            Rlimit: SIZE=16 CUR=0 MAX=8
            Utsname: SIZE=390 SYSNAME=0 NODENAME=65 RELEASE=130 VERSION=195 MACHINE=260 DOMAINNAME=325
            Sysinfo: SIZE=112 UPTIME=0 LOADS=8 TOTALRAM=32 FREERAM=40 SHAREDRAM=48 BUFFERRAM=56 TOTALSWAP=64 FREESWAP=72
                PROCS=80 TOTALHIGH=88 FREEHIGH=96 MEM_UNIT=104
            Pollfd: SIZE=8 FD=0 EVENTS=4 REVENTS=6
            EpollEvent: SIZE=12 EVENTS=0 DATA=4
            Dirent64: SIZE=24 INO=0 NEXT=8 RECLEN=16 TYPE=18
            Dirent: SIZE=24 INO=0 NEXT=8 RECLEN=16 NAME=18
            SockaddrUn: SIZE=110 FAMILY=0 PATH=2
            SockaddrIn: SIZE=16 FAMILY=0 PORT=2 ADDR=4
            SockaddrIn6: SIZE=28 FAMILY=0 PORT=2 FLOWINFO=4 ADDR=8 SCOPE_ID=24
            SockaddrNl: SIZE=12 FAMILY=0 PID=4 GROUPS=8
            SockaddrLl: SIZE=20 FAMILY=0 PROTOCOL=2 IFINDEX=4 HATYPE=8 PKTTYPE=10 HALEN=11 ADDR=12
            Msghdr: SIZE=56 NAME=0 NAMELEN=8 IOV=16 IOVLEN=24 CONTROL=32 CONTROLLEN=40 FLAGS=48
            Mmsghdr: SIZE=64 HDR=0 LEN=56
            Cmsghdr: SIZE=16 LEN=0 LEVEL=8 TYPE=12
            Ucred: SIZE=12 PID=0 UID=4 GID=8
            Linger: SIZE=8 ONOFF=0 LINGER=4
            InPktinfo: SIZE=12 IFINDEX=0 SPEC_DST=4 ADDR=8
            IpMreqn: SIZE=12 MULTIADDR=0 ADDRESS=4 IFINDEX=8
            Ipv6Mreq: SIZE=20 MULTIADDR=0 IFINDEX=16
            Nlmsghdr: SIZE=16 LEN=0 TYPE=4 FLAGS=6 SEQ=8 PID=12
            Ifinfomsg: SIZE=16 FAMILY=0 TYPE=2 INDEX=4 FLAGS=8 CHANGE=12
            Ifaddrmsg: SIZE=8 FAMILY=0 PREFIXLEN=1 FLAGS=2 SCOPE=3 INDEX=4
            Ifreq: SIZE=40 NAME=0 DATA=16 FLAGS=16 IFINDEX=16
            Tms: SIZE=32 UTIME=0 STIME=8 CUTIME=16 CSTIME=24
            Flock: SIZE=32 TYPE=0 WHENCE=2 START=8 LEN=16 PID=24
            FOwnerEx: SIZE=8 TYPE=0 PID=4
            OpenHow: SIZE=24 FLAGS=0 MODE=8 RESOLVE=16
            FileHandle: SIZE=8 HANDLE_BYTES=0 HANDLE_TYPE=4
            RobustListHead: SIZE=24 NEXT=0 FUTEX_OFFSET=8 LIST_OP_PENDING=16
            FutexWaitv: SIZE=24 VAL=0 UADDR=8 FLAGS=16 RESERVED=20
            CloneArgs: SIZE=88 FLAGS=0 PIDFD=8 CHILD_TID=16 PARENT_TID=24 EXIT_SIGNAL=32 STACK=40 STACK_SIZE=48 TLS=56
                SET_TID=64 SET_TID_SIZE=72 CGROUP=80
            SchedAttr: SIZE=56 SIZE_BYTES=0 POLICY=4 FLAGS=8 NICE=16 PRIORITY=20 RUNTIME=24 DEADLINE=32 PERIOD=40
                UTIL_MIN=48 UTIL_MAX=52
            Timex: SIZE=208 MODES=0 OFFSET=8 FREQ=16 MAXERROR=24 ESTERROR=32 STATUS=40 CONSTANT=48 PRECISION=56
                TOLERANCE=64 TIME=72 TICK=88 TAI=160
            SignalfdSiginfo: SIZE=128 SIGNO=0 ERRNO=4 CODE=8 PID=12 UID=16 FD=20 TID=24 BAND=28 OVERRUN=32 TRAPNO=36
                STATUS=40 INT=44 PTR=48 UTIME=56 STIME=64 ADDR=72 ADDR_LSB=80 SYSCALL=84 CALL_ADDR=88 ARCH=96
            InotifyEvent: SIZE=16 WD=0 MASK=4 COOKIE=8 LEN=12
            UserRegs: SIZE=216 R15=0 R14=8 R13=16 R12=24 RBP=32 RBX=40 R11=48 R10=56 R9=64 R8=72 RAX=80 RCX=88 RDX=96
                RSI=104 RDI=112 ORIG_RAX=120 RIP=128 CS=136 RFLAGS=144 RSP=152 SS=160 FS_BASE=168 GS_BASE=176 DS=184
                ES=192 FS=200 GS=208
            CapHeader: SIZE=8 VERSION=0 PID=4
            CapData: SIZE=12 EFFECTIVE=0 PERMITTED=4 INHERITABLE=8
            Termios: SIZE=36 IFLAG=0 OFLAG=4 CFLAG=8 LFLAG=12 LINE=16 CC=17
            Termios2: SIZE=44 IFLAG=0 OFLAG=4 CFLAG=8 LFLAG=12 LINE=16 CC=17 ISPEED=36 OSPEED=40
            Winsize: SIZE=8 ROW=0 COL=2 XPIXEL=4 YPIXEL=6
            SeccompData: SIZE=64 NR=0 ARCH=4 INSTRUCTION_POINTER=8 ARGS=16
            SockFilter: SIZE=8 CODE=0 JT=2 JF=3 K=4
            SockFprog: SIZE=16 LEN=0 FILTER=8
            Rseq: SIZE=32 CPU_ID_START=0 CPU_ID=4 RSEQ_CS=8 FLAGS=16
            RseqCs: SIZE=32 VERSION=0 FLAGS=4 START_IP=8 POST_COMMIT_OFFSET=16 ABORT_IP=24
            IpcPerm: SIZE=48 KEY=0 UID=4 GID=8 CUID=12 CGID=16 MODE=20 SEQ=24
            ShmidDs: SIZE=112 PERM=0 SEGSZ=48 ATIME=56 DTIME=64 CTIME=72 CPID=80 LPID=84 NATTCH=88
            SemidDs: SIZE=104 PERM=0 OTIME=48 CTIME=64 NSEMS=80
            MsqidDs: SIZE=120 PERM=0 STIME=48 RTIME=56 CTIME=64 CBYTES=72 QNUM=80 QBYTES=88 LSPID=96 LRPID=100
            Sembuf: SIZE=6 NUM=0 OP=2 FLG=4
            MqAttr: SIZE=64 FLAGS=0 MAXMSG=8 MSGSIZE=16 CURMSGS=24
            """;

    @TestFactory
    List<DynamicTest> shouldLieWhereTheCompilerPutsIt() {
        List<DynamicTest> tests = new ArrayList<>();
        for (String line : MEASURED.replaceAll("\\n    +", " ").strip().split("\n")) {
            String struct = line.substring(0, line.indexOf(':'));
            String[] fields = line.substring(line.indexOf(':') + 2).split(" ");
            tests.add(DynamicTest.dynamicTest(struct, () -> {
                Class<?> layout = Class.forName(LayoutTest.class.getPackageName() + "." + struct + "Layout");
                for (String field : fields) {
                    String[] pair = field.split("=");
                    assertEquals(Integer.parseInt(pair[1]), layout.getField(pair[0]).getInt(null), pair[0]);
                }
            }));
        }
        return tests;
    }

    @Test
    void shouldStoreLittleEndianAtAnyAlignment() {
        byte[] b = new byte[16];
        Bytes.putLong(b, 1, 0x0807_0605_0403_0201L);
        Bytes.putInt(b, 9, 0x0c0b_0a09);
        Bytes.putShort(b, 13, 0xfffe);
        assertArrayEquals(new byte[] {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, -2, -1, 0}, b);
        assertEquals(0xfffe, Bytes.getUnsignedShort(b, 13));
        assertEquals(-2, Bytes.getShort(b, 13));
        assertThrows(IndexOutOfBoundsException.class, () -> Bytes.putLong(b, 9, 0));
        assertThrows(IndexOutOfBoundsException.class, () -> Bytes.getInt(b, -1));
    }

    @Test
    void shouldCutAndEndStrings() {
        byte[] b = new byte[8];
        Arrays.fill(b, (byte) 'x');
        Bytes.putString(b, 1, 4, "abcdef");
        assertArrayEquals(new byte[] {'x', 'a', 'b', 'c', 0, 'x', 'x', 'x'}, b);
        assertEquals("abc", Bytes.getString(b, 1, 4));
        assertEquals("xxx", Bytes.getString(b, 5, 3));
    }

    @Test
    void shouldWriteAccessorsAtTheirOffsetAndWidth() {
        byte[] b = new byte[64];
        EpollEventLayout.data(b, 3, -2);
        assertEquals(-2, Bytes.getLong(b, 3 + 4));
        SockaddrInLayout.port(b, 0, 8080);
        assertEquals(0x1f, b[2]);
        assertEquals((byte) 0x90, b[3]);
        assertEquals(8080, SockaddrInLayout.port(b, 0));
        SockaddrInLayout.addr(b, 0, 0x7f000001);
        assertArrayEquals(new byte[] {127, 0, 0, 1}, Arrays.copyOfRange(b, 4, 8));
        FlockLayout.type(b, 0, Open.F_UNLCK);
        assertEquals(Open.F_UNLCK, FlockLayout.type(b, 0));
    }

    @Test
    void shouldGiveBackTheStatItWrote() {
        Stat in = new Stat();
        in.dev = Mode.makeDev(8, 1);
        in.ino = 1L << 40;
        in.mode = Mode.S_IFREG | 0644;
        in.nlink = 2;
        in.uid = -2;
        in.size = 5L << 32;
        in.blksize = 4096;
        in.blocks = 7;
        in.setAtime(-1, 999_999_999);
        in.setMtime(2, 3);
        in.setCtime(4, 5);
        in.setBtime(6, 7);
        byte[] b = new byte[300];
        Arrays.fill(b, (byte) -1);
        StatLayout.write(b, 2, in);
        Stat out = new Stat();
        StatLayout.read(b, 2, out);
        assertSame(in, out);
        assertEquals(-1, b[2 + StatLayout.SIZE], "nothing is written past the end");
        Arrays.fill(b, (byte) -1);
        StatxLayout.write(b, 2, in);
        StatxLayout.read(b, 2, out);
        assertSame(in, out);
        assertTrue(out.hasBtime);
        assertEquals(6, out.btimeSec);
        assertEquals(0, Bytes.getInt(b, 2 + StatxLayout.ATIME + 12), "padding leaks nothing");
        assertEquals(-1, b[2 + StatxLayout.SIZE]);
    }

    private static void assertSame(Stat in, Stat out) {
        assertEquals(in.dev, out.dev);
        assertEquals(in.ino, out.ino);
        assertEquals(in.mode, out.mode);
        assertEquals(in.nlink, out.nlink);
        assertEquals(in.uid, out.uid);
        assertEquals(in.size, out.size);
        assertEquals(in.blksize, out.blksize);
        assertEquals(in.blocks, out.blocks);
        assertEquals(in.atimeSec, out.atimeSec);
        assertEquals(in.atimeNsec, out.atimeNsec);
        assertEquals(in.mtimeSec, out.mtimeSec);
        assertEquals(in.ctimeNsec, out.ctimeNsec);
    }

    @Test
    void shouldPadDirectoryEntries() {
        byte[] b = new byte[64];
        Arrays.fill(b, (byte) -1);
        assertEquals(24, Dirent64Layout.write(b, 0, 9, 1, Mode.DT_DIR, "four"));
        assertEquals(24, Dirent64Layout.reclen(b, 0));
        assertEquals("four", Bytes.getString(b, Dirent64Layout.NAME, 5));
        assertEquals(0, b[23]);
        assertEquals(32, Dirent64Layout.write(b, 24, 9, 2, Mode.DT_REG, "fives"));
        assertEquals(24, DirentLayout.write(b, 0, 9, 1, Mode.DT_LNK, "four"));
        assertEquals(Mode.DT_LNK, b[23]);
        assertEquals(0, b[22]);
    }

    @Test
    void shouldTellTimesThatAreNotValid() {
        byte[] b = new byte[TimespecLayout.SIZE];
        TimespecLayout.putNs(b, 0, 1_500_000_000L);
        assertTrue(TimespecLayout.isValid(b, 0));
        assertEquals(1_500_000_000L, TimespecLayout.toNs(b, 0));
        TimespecLayout.nsec(b, 0, 1_000_000_000);
        assertFalse(TimespecLayout.isValid(b, 0));
        TimespecLayout.nsec(b, 0, -1);
        assertFalse(TimespecLayout.isValid(b, 0));
        TimespecLayout.nsec(b, 0, 999_999_999);
        TimespecLayout.sec(b, 0, Long.MAX_VALUE);
        assertEquals(Long.MAX_VALUE, TimespecLayout.toNs(b, 0));
        TimespecLayout.sec(b, 0, Long.MAX_VALUE / Clock.NSEC_PER_SEC);
        assertTrue(TimespecLayout.toNs(b, 0) > 0);
    }

    @Test
    void shouldAlignControlMessages() {
        assertEquals(20, CmsghdrLayout.length(4));
        assertEquals(24, CmsghdrLayout.space(4));
        assertEquals(24, CmsghdrLayout.space(8));
    }
}
