# Children that talk over sockets, count in a shared segment and in a file under locks, while an alarm ticks.
use strict;
use warnings;
use Fcntl qw(:flock SEEK_SET);
use IO::Select;
use Socket;
# What a small Perl has no module for: sys/ipc.h, and the number of setitimer(2).
use constant {IPC_PRIVATE => 0, IPC_CREAT => 01000, IPC_RMID => 0, SETITIMER => 38};

my $ticks = 0;
$SIG{ALRM} = sub { $ticks++ };
my $segment = shmget(IPC_PRIVATE, 4096, IPC_CREAT | 0600) // die "shmget: $!";
shmwrite($segment, pack('Q', 0), 0, 8) or die "shmwrite: $!";
open(my $counter, '+>', 'counter') or die "counter: $!";
syswrite($counter, pack('Q', 0));
socket(my $listener, PF_INET, SOCK_STREAM, 0) or die "socket: $!";
bind($listener, sockaddr_in(0, INADDR_LOOPBACK)) or die "bind: $!";
listen($listener, 8) or die "listen: $!";
my $address = getsockname($listener);

my @children;
for my $child (1 .. 3) {
    my $pid = fork() // die "fork: $!";
    if ($pid == 0) {
        socket(my $connection, PF_INET, SOCK_STREAM, 0) or die "socket: $!";
        connect($connection, $address) or die "connect: $!";
        open(my $own, '+<', 'counter') or die "counter: $!";
        for my $step (1 .. 100) {
            flock($own, LOCK_EX) or die "flock: $!";
            shmread($segment, my $bytes, 0, 8) or die "shmread: $!";
            shmwrite($segment, pack('Q', unpack('Q', $bytes) + 1), 0, 8) or die "shmwrite: $!";
            sysseek($own, 0, SEEK_SET);
            sysread($own, my $number, 8) == 8 or die "read: $!";
            sysseek($own, 0, SEEK_SET);
            syswrite($own, pack('Q', unpack('Q', $number) + 1)) == 8 or die "write: $!";
            flock($own, LOCK_UN) or die "flock: $!";
            syswrite($connection, "$child:$step\n") or die "send: $!";
            select(undef, undef, undef, 0.002);
        }
        exit 0;
    }
    push @children, $pid;
}
my $select = IO::Select->new($listener);
my ($open, $lines) = (0, 0);
my $accepted = 0;
while ($accepted < 3 || $open > 0) {
    for my $ready ($select->can_read()) {
        if ($ready == $listener) {
            accept(my $connection, $listener) or die "accept: $!";
            $select->add($connection);
            $accepted++;
            $open++;
            next;
        }
        my $got = sysread($ready, my $bytes, 4096);
        defined $got or die "receive: $!";
        if ($got == 0) {
            $select->remove($ready);
            close $ready;
            $open--;
        }
        $lines += ($bytes =~ tr/\n//);
    }
}
for my $pid (@children) {
    waitpid($pid, 0) == $pid or die "waitpid: $!";
    $? == 0 or die "a child ended with $?";
}
my $every = pack('q4', 0, 10_000, 0, 10_000);
my $never = pack('q4', 0, 0, 0, 0);
syscall(SETITIMER, 0, $every, 0) == 0 or die "setitimer: $!";
1 while $ticks < 10;
syscall(SETITIMER, 0, $never, 0) == 0 or die "setitimer: $!";
shmread($segment, my $shared, 0, 8) or die "shmread: $!";
sysseek($counter, 0, SEEK_SET);
sysread($counter, my $stored, 8);
shmctl($segment, IPC_RMID, 0) or die "shmctl: $!";
printf "lines %d shared %d stored %d\n", $lines, unpack('Q', $shared), unpack('Q', $stored);
