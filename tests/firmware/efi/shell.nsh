smbiosview -t 17
connect -r
ifconfig -s eth0 dhcp
stall 5000000
ifconfig -l eth0
ping 10.0.2.2 -n 3
reset -s
