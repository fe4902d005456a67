# A shell and what goes with it, for pods.
ARG ROOTFS
FROM $ROOTFS AS rootfs
# Not the static one, which can't look up names.
RUN mkdir /stage && cp -L --parents -t /stage /bin/busybox $(ldd /bin/busybox | grep -o '/[^ ]*')
FROM scratch
COPY --from=rootfs /stage /
RUN ["/bin/busybox", "--install", "-s", "/bin"]
RUN mkdir -m 1777 /tmp
CMD ["sh"]
