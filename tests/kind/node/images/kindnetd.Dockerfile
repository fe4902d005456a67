# Stands for kindnetd, whose module can't be had without its repository.
ARG BUSYBOX
FROM $BUSYBOX
COPY kubectl kindnetd-stand-in /bin/
ENTRYPOINT ["/bin/kindnetd-stand-in"]
