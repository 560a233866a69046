// A TURN server (RFC 8656) on pion: the server of the relay kind pion.
package main

import (
	"flag"
	"log"
	"net"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/pion/turn/v2"
)

// notifyReady tells the service manager that the server serves, sd_notify(3).
func notifyReady() error {
	socket, err := net.Dial("unixgram", os.Getenv("NOTIFY_SOCKET"))
	if err != nil {
		return err
	}
	defer socket.Close()
	_, err = socket.Write([]byte("READY=1"))
	return err
}

// serve starts a server for one user at an address, which its relayed transport addresses have too.
func serve(address net.IP, port int, realm, name, password string) (*turn.Server, error) {
	listener, err := net.ListenUDP("udp4", &net.UDPAddr{IP: address, Port: port})
	if err != nil {
		return nil, err
	}
	key := turn.GenerateAuthKey(name, realm, password)
	return turn.NewServer(turn.ServerConfig{
		Realm: realm,
		AuthHandler: func(user, _ string, _ net.Addr) ([]byte, bool) {
			return key, user == name
		},
		PacketConnConfigs: []turn.PacketConnConfig{{
			PacketConn: listener,
			RelayAddressGenerator: &turn.RelayAddressGeneratorPortRange{
				RelayAddress: address, Address: address.String(), MinPort: 49152, MaxPort: 65535,
			},
		}},
	})
}

func main() {
	address := flag.String("address", "", "IPv4 address to listen at, and to relay from")
	port := flag.Int("port", 3478, "UDP port")
	realm := flag.String("realm", "blipnet", "realm of the credentials")
	user := flag.String("user", "", "name:password")
	flag.Parse()
	name, password, _ := strings.Cut(*user, ":")
	server, err := serve(net.ParseIP(*address), *port, *realm, name, password)
	if err != nil {
		log.Fatal(err)
	}
	if err := notifyReady(); err != nil {
		log.Fatal(err)
	}
	ended := make(chan os.Signal, 1)
	signal.Notify(ended, syscall.SIGTERM)
	<-ended
	server.Close()
}
